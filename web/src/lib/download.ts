/** Starts a download without leaving the page. */
export function downloadUrl(url: string): void {
  const link = document.createElement("a");
  link.href = url;
  link.download = "";
  link.click();
}

export function download(dataUrl: string | null, name: string): void {
  if (!dataUrl) return;
  const link = document.createElement("a");
  link.href = dataUrl;
  link.download = name.replace(/[^\w.-]+/g, "-").toLowerCase();
  link.click();
}
