import { copy } from "@/lib/copy/en";
import { Tag } from "@/ui/chip";
import type { MessageShape } from "@/features/artifacts/data-preview/guard";
import { messageTime } from "@/features/artifacts/data-preview/preview-grid";

function pretty(message: MessageShape): string {
  return message.decoded === null ? message.value : JSON.stringify(message.decoded, null, 2);
}

/** Messages whole: where each one lies, its headers, and its body. */
export function MessageList({ messages, zone }: { messages: readonly MessageShape[]; zone: string }) {
  return (
    <ol tabIndex={0} aria-label={copy.preview.messages} className="h-full overflow-y-auto">
      {messages.map((m) => (
        <li key={`${m.partition}-${m.offset}`} className="border-b border-line px-3 py-2">
          <p className="num flex flex-wrap items-center gap-x-3 text-meta text-fg-3">
            <span className="code text-fg-2">
              {m.partition}:{m.offset}
            </span>
            <span>{messageTime(m.timestampMs, zone)}</span>
            <span>
              {copy.preview.key} <span className="code text-fg-2">{m.key ?? "null"}</span>
            </span>
            {m.headers.map(([name, value]) => (
              <span key={name} className="code truncate">
                {name}={value}
              </span>
            ))}
            {m.error && <Tag tone="time">{m.error}</Tag>}
          </p>
          <pre className="code mt-1 overflow-x-auto rounded-chip bg-inset p-2 text-meta text-fg">{pretty(m)}</pre>
        </li>
      ))}
    </ol>
  );
}
