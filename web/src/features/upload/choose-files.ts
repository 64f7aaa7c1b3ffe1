type Listener = (files: readonly File[]) => void;
const listeners = new Set<Listener>();

export function onFilesChosen(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Opens the system's file dialog, for who does not drag; what is chosen goes the way of what is dropped. */
export function chooseFiles(): void {
  const input = document.createElement("input");
  input.type = "file";
  input.multiple = true;
  input.accept = ".csv,.tsv,.json,.jsonl,.ndjson,.parquet,.sql";
  input.onchange = () => {
    const files = [...(input.files ?? [])];
    for (const listener of [...listeners]) listener(files);
  };
  input.click();
}
