import { useEffect, useSyncExternalStore } from "react";
import { createStore } from "@/lib/external-store";

interface Toast {
  id: number;
  text: string;
  action?: { label: string; run: () => void };
  onGone?: () => void;
  ms: number;
}

const toasts = createStore<readonly Toast[]>([]);
let nextId = 1;

function drop(id: number): void {
  toasts.set((list) => list.filter((toast) => toast.id !== id));
}

export function showToast(text: string, options: Partial<Omit<Toast, "id" | "text">> = {}): void {
  const toast: Toast = { id: nextId++, text, ms: 4000, ...options };
  toasts.set((list) => [...list.slice(-2), toast]);
}

function ToastItem({ toast }: { toast: Toast }) {
  useEffect(() => {
    const timer = setTimeout(() => {
      drop(toast.id);
      toast.onGone?.();
    }, toast.ms);
    return () => clearTimeout(timer);
  }, [toast]);
  const action = toast.action;
  return (
    <div data-testid="toast" className="pop pointer-events-auto flex items-center gap-3 py-2 ps-3 pe-2 text-ui text-fg">
      <span className="max-w-80 truncate">{toast.text}</span>
      {action && (
        <button
          type="button"
          data-testid="undo-button"
          className="min-h-6 rounded-control px-2 font-medium text-accent hover:bg-hover"
          onClick={() => {
            drop(toast.id);
            action.run();
          }}
        >
          {action.label}
        </button>
      )}
    </div>
  );
}

export function Toaster() {
  const list = useSyncExternalStore(toasts.subscribe, toasts.get);
  return (
    <div
      role="status"
      aria-live="polite"
      className="pointer-events-none fixed inset-x-0 bottom-10 z-[60] flex flex-col items-center gap-2 px-4 max-md:bottom-20"
    >
      {list.map((toast) => (
        <ToastItem key={toast.id} toast={toast} />
      ))}
    </div>
  );
}
