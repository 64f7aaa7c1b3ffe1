import {
  Braces,
  CalendarClock,
  CaseSensitive,
  Hash,
  List,
  MessageSquareText,
  TableProperties,
  ToggleLeft,
} from "lucide-react";
import { useState } from "react";
import { useStudioActions } from "@/api/studio-actions";
import type { Artifact } from "@/api/types";
import { cellText, isNumericType, isTimeType } from "@/lib/format/cell";
import { copy } from "@/lib/copy/en";
import { formatCount, formatPercent } from "@/lib/format/number";
import { Button } from "@/ui/button";
import { Tag } from "@/ui/chip";
import { Figure, PanelFrame } from "@/features/artifacts/panel-frame";
import { hasRange, type FieldShape, type TableShape } from "@/features/artifacts/schema-viewer/guard";

function TypeIcon({ type }: { type: string }) {
  const shared = { size: 13, strokeWidth: 1.5, "aria-hidden": true, className: "text-fg-3" } as const;
  if (isNumericType(type)) return <Hash {...shared} />;
  if (isTimeType(type) || /^time$/i.test(type)) return <CalendarClock {...shared} />;
  if (/^bool/i.test(type)) return <ToggleLeft {...shared} />;
  if (/^array/i.test(type)) return <List {...shared} />;
  if (/^(struct|map)/i.test(type)) return <Braces {...shared} />;
  return <CaseSensitive {...shared} />;
}

function examplesOf(field: FieldShape): string {
  if (hasRange(field)) return `${cellText(field.min, field.type).text} … ${cellText(field.max, field.type).text}`;
  return field.examples
    .slice(0, 4)
    .map((example) => cellText(example, field.type).text)
    .join("  ");
}

function FieldRow({ field, table }: { field: FieldShape; table: TableShape }) {
  const role =
    table.eventTime === field.name
      ? copy.schema.eventTime
      : table.keys.includes(field.name)
        ? copy.schema.key
        : (field.roles[0] ?? "");
  const example = field.examples[0];
  return (
    <tr
      data-testid="schema-field"
      data-kind={field.type}
      className="h-[var(--row)] border-b border-line/60 hover:bg-hover max-md:grid max-md:h-auto max-md:grid-cols-[1fr_auto] max-md:px-3 max-md:py-2"
    >
      <th
        scope="row"
        className="code ps-3 pe-4 text-start text-meta font-medium text-fg max-md:p-0"
        style={field.depth ? { paddingInlineStart: 12 + field.depth * 16 } : undefined}
      >
        {field.name}
      </th>
      <td className="pe-4 text-meta whitespace-nowrap text-fg-2 max-md:p-0 max-md:text-end">
        <span className="inline-flex items-center gap-1.5">
          <TypeIcon type={field.type} />
          {field.type}
          {field.widenedFrom && <span className="text-time">mixed: {field.widenedFrom}</span>}
        </span>
      </td>
      <td className="num pe-4 text-end text-meta text-fg-2 max-md:hidden">
        {field.nullRatio === null ? "–" : formatPercent(field.nullRatio)}
      </td>
      <td className="num pe-4 text-end text-meta text-fg-2 max-md:hidden">
        {field.distinct === null ? "–" : formatCount(field.distinct)}
      </td>
      <td
        className="code max-w-80 truncate pe-4 text-meta whitespace-pre text-fg max-md:col-span-2 max-md:p-0 max-md:text-fg-2"
        title={example === undefined ? undefined : cellText(example, field.type).text}
      >
        {examplesOf(field)}
      </td>
      <td className="pe-3 text-meta whitespace-nowrap text-fg-3 max-md:hidden">{role}</td>
    </tr>
  );
}

/** The fields of one topic, file or table: what they are called, what they hold, and what they may mean. */
export function SchemaTable({ table, artifact }: { table: TableShape; artifact?: Artifact }) {
  const { act, prefill } = useStudioActions();
  const [filter, setFilter] = useState("");
  const fields = table.fields.filter((f) => f.name.toLowerCase().includes(filter.toLowerCase()));
  const peek = artifact?.actions?.find((a) => a.tool === "peek_source" || a.tool === "peek_messages");
  const query = artifact?.actions?.find((a) => a.id === "query" && a.tool);
  const onPeek = () => {
    if (peek) act(peek.tool, peek.arguments ?? {}, artifact);
    else if (table.isTopic) act("peek_messages", { topic: table.name, limit: 10 }, artifact);
    else
      act(
        "peek_source",
        {
          ...(table.sourceId ? { source_id: table.sourceId } : {}),
          ...(table.name ? { name: table.name } : {}),
          limit: 10,
        },
        artifact,
      );
  };
  return (
    <PanelFrame
      facts={
        <>
          <span className="code text-fg">{table.name}</span>
          {table.format && <span>{table.format.toUpperCase()}</span>}
          <span>{copy.fields(table.fields.length)}</span>
          {table.exact ? (
            <Tag>{copy.schema.exact}</Tag>
          ) : (
            table.sampled !== null && <span>{copy.schema.sampled(table.sampled)}</span>
          )}
          {table.failures > 0 && <Tag tone="time">{copy.schema.undecoded(table.failures)}</Tag>}
        </>
      }
      actions={
        artifact && (
          <>
            <Button tone="quiet" icon={TableProperties} onClick={onPeek}>
              {copy.schema.preview}
            </Button>
            <Button
              tone="quiet"
              icon={MessageSquareText}
              onClick={() =>
                query ? act(query.tool, query.arguments ?? {}, artifact) : prefill(`From ${table.name}, `)
              }
            >
              {copy.schema.query}
            </Button>
          </>
        )
      }
      evidence={
        table.source && (
          <Figure value={table.source} unit={table.sampled === null ? "" : copy.schema.sampled(table.sampled)} />
        )
      }
    >
      <div className="flex h-full min-h-0 flex-col">
        {table.fields.length > 12 && (
          <div className="border-b border-line px-3 py-1.5">
            <input
              type="search"
              aria-label={copy.schema.filter}
              placeholder={copy.schema.filter}
              value={filter}
              onChange={(event) => setFilter(event.target.value)}
              className="h-[var(--control)] w-full rounded-control border border-control bg-surface px-2 text-ui"
            />
          </div>
        )}
        <div
          className="min-h-0 flex-1 overflow-auto"
          tabIndex={0}
          role="region"
          aria-label={`${table.name}, ${copy.fields(table.fields.length)}`}
        >
          <table className="w-full border-collapse max-md:block">
            <thead className="sticky top-0 bg-surface max-md:hidden">
              <tr className="h-[var(--row)] border-b border-line text-start text-meta text-fg-3">
                <th scope="col" className="ps-3 pe-4 text-start font-medium">
                  {copy.schema.field}
                </th>
                <th scope="col" className="pe-4 text-start font-medium">
                  {copy.schema.type}
                </th>
                <th scope="col" className="pe-4 text-end font-medium">
                  {copy.schema.nulls}
                </th>
                <th scope="col" className="pe-4 text-end font-medium">
                  {copy.schema.distinct}
                </th>
                <th scope="col" className="pe-4 text-start font-medium">
                  {copy.schema.examples}
                </th>
                <th scope="col" className="pe-3 text-start font-medium">
                  {copy.schema.role}
                </th>
              </tr>
            </thead>
            <tbody className="max-md:block">
              {fields.map((field, i) => (
                <FieldRow key={`${field.name}-${i}`} field={field} table={table} />
              ))}
            </tbody>
          </table>
          {fields.length === 0 && <p className="p-4 text-center text-ui text-fg-2">{copy.schema.none}</p>}
        </div>
      </div>
    </PanelFrame>
  );
}
