import { useQuery } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { MessageSquareText } from "lucide-react";
import { Suspense } from "react";
import { toErrorBody } from "@/api/errors";
import { sourcePreviewQuery, sourceSchemaQuery, topicMessagesQuery, topicSchemaQuery } from "@/api/sources";
import { StudioActionsContext, useStudioActions } from "@/api/studio-actions";
import { useStudioActionsOf } from "@/app/use-studio-actions";
import { PreviewBody } from "@/features/artifacts/data-preview/panel";
import { readDataPreview } from "@/features/artifacts/data-preview/guard";
import { readTable } from "@/features/artifacts/schema-viewer/guard";
import { SchemaTable } from "@/features/artifacts/schema-viewer/schema-table";
import SourcesPage, { type PickedItem } from "@/features/sources/sources-page";
import { copy } from "@/lib/copy/en";
import { Button } from "@/ui/button";
import { ErrorBlock } from "@/ui/error-block";
import { Segmented } from "@/ui/segmented";

const route = getRouteApi("/sources");

function SchemaOf({ item }: { item: PickedItem }) {
  const topic = useQuery({ ...topicSchemaQuery(item.name), enabled: item.sourceId === null });
  const other = useQuery({ ...sourceSchemaQuery(item.sourceId ?? "", item.name), enabled: item.sourceId !== null });
  const query = item.sourceId === null ? topic : other;
  if (query.error)
    return (
      <ErrorBlock
        className="m-4"
        error={toErrorBody(query.error)}
        actions={[{ label: copy.errors.retry, run: () => void query.refetch() }]}
      />
    );
  if (!query.data) return <div className="skeleton m-4 h-40" />;
  return <SchemaTable table={readTable({ ...query.data, name: item.name })} />;
}

function RowsOf({ item }: { item: PickedItem }) {
  const topic = useQuery({ ...topicMessagesQuery(item.name), enabled: item.sourceId === null });
  const other = useQuery({ ...sourcePreviewQuery(item.sourceId ?? "", item.name), enabled: item.sourceId !== null });
  const query = item.sourceId === null ? topic : other;
  if (query.error)
    return (
      <ErrorBlock
        className="m-4"
        error={toErrorBody(query.error)}
        actions={[{ label: copy.errors.retry, run: () => void query.refetch() }]}
      />
    );
  const data = readDataPreview(query.data);
  if (!data) return <div className="skeleton m-4 h-40" />;
  return <PreviewBody title={item.name} data={data} />;
}

function Detail({
  item,
  view,
  onView,
}: {
  item: PickedItem;
  view: "schema" | "rows";
  onView: (view: "schema" | "rows") => void;
}) {
  const { prefill } = useStudioActions();
  return (
    <section aria-label={item.name} className="flex h-full min-h-0 flex-col">
      <header className="flex min-h-11 items-center gap-3 border-b border-line px-3">
        <h2 className="code min-w-0 flex-1 truncate text-title font-semibold">{item.name}</h2>
        <Segmented
          label={item.name}
          value={view}
          options={[
            { value: "schema", label: copy.sources.schema },
            { value: "rows", label: copy.sources.rows },
          ]}
          onChange={onView}
        />
        <Button icon={MessageSquareText} onClick={() => prefill(`From ${item.name}, `)}>
          {copy.sources.askAbout}
        </Button>
      </header>
      <div className="min-h-0 flex-1">
        <Suspense fallback={null}>{view === "schema" ? <SchemaOf item={item} /> : <RowsOf item={item} />}</Suspense>
      </div>
    </section>
  );
}

export function SourcesRoute() {
  const search = route.useSearch();
  const navigate = useNavigate();
  const actions = useStudioActionsOf(null);
  const picked = search.name !== undefined ? { sourceId: search.source ?? null, name: search.name } : null;
  const view = search.view ?? "schema";
  const go = (item: PickedItem, next: "schema" | "rows") =>
    void navigate({
      to: "/sources",
      search: { ...(item.sourceId ? { source: item.sourceId } : {}), name: item.name, view: next },
    });
  return (
    <StudioActionsContext value={actions}>
      <main data-pane tabIndex={-1} className="h-full">
        <SourcesPage
          picked={picked}
          onPick={(item) => go(item, view)}
          detail={(item) => <Detail item={item} view={view} onView={(next) => go(item, next)} />}
        />
      </main>
    </StudioActionsContext>
  );
}
