import { createStore } from "@/lib/external-store";

/** Whether the studio answers. Fed by every request and by the live sockets; read by the connection chip. */
export type Connectivity = "online" | "lost" | "resumed";
export const connectivity = createStore<Connectivity>("online");

let resumedTimer: ReturnType<typeof setTimeout> | undefined;

export function reportReachable(): void {
  if (connectivity.get() !== "lost") return;
  connectivity.set("resumed");
  clearTimeout(resumedTimer);
  resumedTimer = setTimeout(() => connectivity.set("online"), 4000);
}

export function reportUnreachable(): void {
  clearTimeout(resumedTimer);
  connectivity.set("lost");
}
