import { ChevronDown } from "lucide-react";
import { useStudioActions } from "@/api/studio-actions";
import type { Artifact } from "@/api/types";
import { copy } from "@/lib/copy/en";
import { ChipButton, Tag } from "@/ui/chip";
import { Menu } from "@/ui/menu";
import type { Assumption } from "@/features/artifacts/sql-editor/guard";

/** How the words were read. A reading with alternatives is a menu; choosing one edits the SQL as a new version. */
export function AssumptionChips({
  artifact,
  understood,
  assumptions,
}: {
  artifact: Pick<Artifact, "id" | "version">;
  understood: readonly { text: string; as: string }[];
  assumptions: readonly Assumption[];
}) {
  const { act } = useStudioActions();
  if (understood.length === 0 && assumptions.length === 0) return null;
  return (
    <div className="flex flex-wrap items-center gap-1.5 border-b border-line px-3 py-1.5">
      <span className="text-micro text-fg-3">{copy.chat.understood}</span>
      {understood.map((item, i) => (
        <Tag key={`${item.as}-${i}`} title={`“${item.text}”`} data-testid="assumption-chip">
          <span className="truncate">{item.text}</span>
          {item.as !== "" && <span className="code truncate text-fg-3">{item.as}</span>}
        </Tag>
      ))}
      {assumptions.map((assumption) =>
        assumption.alternatives.length === 0 ? (
          <Tag key={assumption.id} data-testid="assumption-chip">
            {assumption.text}
          </Tag>
        ) : (
          <Menu
            key={assumption.id}
            label={assumption.text}
            align="start"
            trigger={
              <ChipButton data-testid="assumption-chip" className="h-6">
                {assumption.text}
                <ChevronDown size={12} aria-hidden />
              </ChipButton>
            }
            items={assumption.alternatives.map((alternative) => ({
              label: alternative.label,
              onSelect: () => act("generate_sql", { prompt: alternative.label, mode: "edit" }, artifact),
            }))}
          />
        ),
      )}
    </div>
  );
}
