import { useEffect, useEffectEvent, useState } from "react";
import { copy } from "@/lib/copy/en";
import { cellText } from "@/lib/format/cell";
import { hasEnded, type LiveSnapshot } from "@/stream/live-view";

const EVERY_MS = 10_000;

/** One spoken sentence per ten seconds instead of a stream of rows. */
export function LiveSummary({ view }: { view: LiveSnapshot }) {
  const [summary, setSummary] = useState("");
  const speak = useEffectEvent(() => {
    const row = view.rows.at(-1);
    const cells = row
      ? view.columns
          .filter((c) => !c.hidden)
          .slice(0, 3)
          .map((c) => cellText(row[c.name], c.type).text)
      : [];
    setSummary(`${copy.rows(view.rows.length)}${cells.length > 0 ? `; ${cells.join(" ")}` : ""}`);
  });
  const ended = hasEnded(view.state);
  useEffect(() => {
    if (ended) return;
    const timer = setInterval(() => speak(), EVERY_MS);
    return () => clearInterval(timer);
  }, [ended]);
  return (
    <p aria-live="polite" className="sr-only">
      {ended ? `${view.state}, ${copy.rows(view.rows.length)}` : summary}
    </p>
  );
}
