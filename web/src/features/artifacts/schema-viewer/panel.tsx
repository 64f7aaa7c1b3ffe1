import { useState } from "react";
import { copy } from "@/lib/copy/en";
import { EmptyState } from "@/ui/empty-state";
import { Segmented } from "@/ui/segmented";
import type { PanelProps } from "@/features/artifacts/panel-types";
import { SchemaTable } from "@/features/artifacts/schema-viewer/schema-table";
import type { SchemaViewerData } from "@/features/artifacts/schema-viewer/guard";

export default function SchemaViewerPanel({ artifact, data }: PanelProps<SchemaViewerData>) {
  const [chosen, setChosen] = useState("0");
  const table = data.tables[Number(chosen)] ?? data.tables[0];
  if (!table || table.fields.length === 0) {
    return (
      <div data-testid="schema-viewer" data-state="empty" className="h-full">
        <EmptyState title={copy.schema.noRows} text={copy.schema.noRowsText} />
      </div>
    );
  }
  return (
    <div data-testid="schema-viewer" data-state="ready" className="flex h-full min-h-0 flex-col">
      {data.tables.length > 1 && (
        <div className="overflow-x-auto border-b border-line px-3 py-1.5">
          <Segmented
            label={artifact.title}
            value={chosen}
            options={data.tables.map((t, i) => ({ value: String(i), label: t.name }))}
            onChange={setChosen}
          />
        </div>
      )}
      <div className="min-h-0 flex-1">
        <SchemaTable table={table} artifact={artifact} />
      </div>
    </div>
  );
}
