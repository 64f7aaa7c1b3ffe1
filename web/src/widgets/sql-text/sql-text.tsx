import { useMemo } from "react";
import { tokenizeSql } from "@/lib/velosql-tokens";

/** SQL as coloured text, from the same tokenizer as the editor. */
export function SqlText({ sql, className }: { sql: string; className?: string }) {
  const tokens = useMemo(() => tokenizeSql(sql), [sql]);
  return (
    <code className={className}>
      {tokens.map((token) => (
        <span key={token.start} className={`sql-${token.kind}`}>
          {sql.slice(token.start, token.end)}
        </span>
      ))}
    </code>
  );
}
