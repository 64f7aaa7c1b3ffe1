import { useMemo, useState, type ReactNode } from "react";
import { copy } from "@/lib/copy/en";
import { formatCount } from "@/lib/format/number";
import { Dialog } from "@/ui/dialog";
import { EmptyState } from "@/ui/empty-state";
import { Segmented } from "@/ui/segmented";
import { Tag } from "@/ui/chip";
import { usePhone } from "@/ui/use-media";
import { useZone } from "@/ui/appearance";
import { DataGrid } from "@/widgets/data-grid/data-grid";
import { RecordView } from "@/widgets/data-grid/record-view";
import type { GridColumn, GridRow } from "@/widgets/data-grid/columns";
import { PanelFrame } from "@/features/artifacts/panel-frame";
import type { PanelProps } from "@/features/artifacts/panel-types";
import { MessageList } from "@/features/artifacts/data-preview/message-list";
import { ServerActions } from "@/features/artifacts/server-actions";
import { previewGrid } from "@/features/artifacts/data-preview/preview-grid";
import type { DataPreviewData } from "@/features/artifacts/data-preview/guard";

export default function DataPreviewPanel({ artifact, data }: PanelProps<DataPreviewData>) {
  return (
    <PreviewBody
      title={artifact.title}
      data={data}
      actions={<ServerActions artifact={artifact} ids={["more", "newest", "oldest"]} />}
    />
  );
}

/** Messages, rows or files, as they are: every record shown, unreadable ones with the reason. */
export function PreviewBody({ title, data, actions }: { title: string; data: DataPreviewData; actions?: ReactNode }) {
  const [view, setView] = useState<"table" | "messages">("table");
  const [opened, setOpened] = useState<GridRow | null>(null);
  const phone = usePhone();
  const zone = useZone();
  const grid = useMemo(() => previewGrid(data, zone), [data, zone]);
  const failed = data.messages.filter((m) => m.error !== null).length;
  if (grid.rows.length === 0) {
    return (
      <div data-testid="data-preview" data-state="empty" className="h-full">
        <EmptyState title={copy.preview.empty} text={copy.preview.emptyText} />
      </div>
    );
  }
  return (
    <div
      data-testid="data-preview"
      data-state="ready"
      data-kind={data.kind}
      data-rows={grid.rows.length}
      className="h-full"
    >
      <PanelFrame
        facts={
          <>
            {data.name && <span className="code text-fg">{data.name}</span>}
            {data.kind === "messages" && (
              <Segmented
                label={copy.results.views}
                value={view}
                options={[
                  { value: "table", label: copy.preview.table },
                  { value: "messages", label: copy.preview.messages },
                ]}
                onChange={setView}
              />
            )}
            <span>{data.kind === "messages" ? copy.messages(grid.rows.length) : copy.rows(grid.rows.length)}</span>
            {failed > 0 && (
              <Tag tone="time">
                {formatCount(failed)} {copy.preview.undecodable}
              </Tag>
            )}
          </>
        }
        actions={actions}
        evidence={
          (data.scan || data.masked.length > 0) && (
            <>
              {data.scan && <span>{copy.preview.scanned(data.scan.scanned, data.scan.matched)}</span>}
              {data.masked.length > 0 && <span>{copy.preview.masked(data.masked.join(", "))}</span>}
            </>
          )
        }
      >
        {view === "messages" && data.kind === "messages" ? (
          <MessageList messages={data.messages} zone={zone} />
        ) : phone ? (
          <div tabIndex={0} role="group" aria-label={title} className="h-full overflow-y-auto">
            {grid.rows.map((row, i) => (
              <div key={i} className="border-b border-line px-4 py-2.5">
                <RecordView columns={grid.columns} row={row} testId="preview-record" />
              </div>
            ))}
          </div>
        ) : (
          <DataGrid
            label={title}
            columns={grid.columns}
            rows={grid.rows}
            rowTestId="preview-record"
            onOpen={setOpened}
          />
        )}
      </PanelFrame>
      <Dialog
        open={opened !== null}
        onClose={() => setOpened(null)}
        title={copy.preview.record}
        closeLabel={copy.shortcuts.close}
      >
        {opened && <RecordView columns={grid.columns as GridColumn[]} row={opened} />}
      </Dialog>
    </div>
  );
}
