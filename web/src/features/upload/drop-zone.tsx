import { FileUp, X } from "lucide-react";
import { useEffect, useEffectEvent, useRef, useState } from "react";
import { toErrorBody } from "@/api/errors";
import { uploadFile } from "@/api/uploads";
import { copy } from "@/lib/copy/en";
import { formatPercent } from "@/lib/format/number";
import { IconButton } from "@/ui/button";
import { showToast } from "@/ui/toast";
import { onFilesChosen } from "@/features/upload/choose-files";
import { holdsFiles, readDropped } from "@/features/upload/dropped";

interface Running {
  name: string;
  share: number;
  stop: AbortController;
}

/** The whole window takes files: data is put into the studio and opened, SQL is pasted. */
export function DropZone({ onData, onSql }: { onData: (path: string) => void; onSql: (text: string) => void }) {
  const [over, setOver] = useState(false);
  const [running, setRunning] = useState<Running | null>(null);
  const depth = useRef(0);

  const upload = async (file: File) => {
    const stop = new AbortController();
    setRunning({ name: file.name, share: 0, stop });
    try {
      const done = await uploadFile(file, (share) => setRunning({ name: file.name, share, stop }), stop.signal);
      if (done.path) onData(done.path);
    } catch (error) {
      if (!stop.signal.aborted) showToast(toErrorBody(error).message);
    } finally {
      setRunning(null);
    }
  };
  const take = useEffectEvent(async (files: readonly File[]) => {
    for (const dropped of readDropped(files)) {
      if (dropped.kind === "sql") onSql(await dropped.file.text());
      else if (dropped.kind === "data") await upload(dropped.file);
      else showToast(copy.upload.unknown(dropped.file.name));
    }
  });

  useEffect(() => {
    const enter = (event: DragEvent) => {
      if (!holdsFiles(event.dataTransfer)) return;
      depth.current += 1;
      setOver(true);
    };
    const leave = (event: DragEvent) => {
      if (!holdsFiles(event.dataTransfer)) return;
      depth.current = Math.max(0, depth.current - 1);
      if (depth.current === 0) setOver(false);
    };
    const allow = (event: DragEvent) => {
      if (holdsFiles(event.dataTransfer)) event.preventDefault();
    };
    const drop = (event: DragEvent) => {
      if (!holdsFiles(event.dataTransfer)) return;
      event.preventDefault();
      depth.current = 0;
      setOver(false);
      void take([...(event.dataTransfer?.files ?? [])]);
    };
    window.addEventListener("dragenter", enter);
    window.addEventListener("dragleave", leave);
    window.addEventListener("dragover", allow);
    window.addEventListener("drop", drop);
    const forget = onFilesChosen((files) => void take(files));
    return () => {
      window.removeEventListener("dragenter", enter);
      window.removeEventListener("dragleave", leave);
      window.removeEventListener("dragover", allow);
      window.removeEventListener("drop", drop);
      forget();
    };
  }, []);

  return (
    <>
      {over && (
        <div
          data-testid="drop-zone"
          className="pointer-events-none fixed inset-2 z-50 flex flex-col items-center justify-center gap-2 rounded-panel border-2 border-dashed border-accent bg-bg/85"
        >
          <FileUp size={28} strokeWidth={1.5} aria-hidden className="text-accent" />
          <p className="text-title font-semibold">{copy.upload.drop}</p>
          <p className="text-ui text-fg-2">{copy.upload.kinds}</p>
        </div>
      )}
      {running && (
        <div
          data-testid="upload"
          role="status"
          className="pop fixed start-1/2 bottom-14 z-40 flex -translate-x-1/2 items-center gap-3 py-2 ps-4 pe-2 text-ui"
        >
          <span className="max-w-60 truncate">{copy.upload.running(running.name)}</span>
          <progress
            value={running.share}
            max={1}
            aria-label={running.name}
            className="h-1.5 w-32 accent-[var(--c-accent)]"
          />
          <span className="num w-10 text-end text-fg-2">{formatPercent(running.share)}</span>
          <IconButton icon={X} label={copy.upload.stop} onClick={() => running.stop.abort()} />
        </div>
      )}
    </>
  );
}
