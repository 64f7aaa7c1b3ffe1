import { completeSql, hoverSql, signatureSql } from "@/api/sql";
import { byteToIndex, indexToByte } from "@/lib/text-offsets";
import type { SqlServices } from "@/widgets/sql-editor/editor-types";

/** The editor's questions, put to the server in its own units. A failed question is an empty answer. */
export function sqlServices(threadId: string | undefined): SqlServices {
  return {
    complete: async (text, index, signal) => {
      try {
        const items = await completeSql(text.slice(0, index), text.slice(index), { thread_id: threadId, signal });
        return items.map((item) => ({
          text: item.text,
          kind: item.kind,
          detail: item.detail ?? item.kind,
          documentation: item.documentation ?? item.explanation ?? null,
          replace: item.replace
            ? {
                start: byteToIndex(text, item.replace.offset),
                end: byteToIndex(text, item.replace.offset + item.replace.length),
              }
            : null,
        }));
      } catch {
        return [];
      }
    },
    hover: async (text, index, signal) => {
      try {
        const hover = await hoverSql(text, indexToByte(text, index), { thread_id: threadId, signal });
        if (!hover) return null;
        const start = hover.range ? byteToIndex(text, hover.range.offset) : index;
        const end = hover.range ? byteToIndex(text, hover.range.offset + hover.range.length) : index;
        return { title: `${hover.name} · ${hover.kind}`, text: hover.text, start, end };
      } catch {
        return null;
      }
    },
    signature: async (text, index, signal) => {
      try {
        const help = await signatureSql(text, indexToByte(text, index), signal);
        if (!help) return null;
        return {
          signatures: (help.signatures ?? []).map((s) => ({
            label: s.label,
            doc: s.doc ?? "",
            parameters: s.parameters ?? [],
          })),
          active: help.active ?? 0,
          parameter: help.parameter ?? 0,
        };
      } catch {
        return null;
      }
    },
  };
}
