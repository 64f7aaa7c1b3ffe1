import "@/app/no-eval";
import "virtual:tokens.css";
import "@/ui/app.css";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { queryClient } from "@/api/query-client";
import { connectChat } from "@/app/chat-to-canvas";
import { router } from "@/app/router";
import { startAppearance } from "@/ui/appearance";
import { TooltipProvider } from "@/ui/tooltip";

startAppearance();
connectChat(router);

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={queryClient}>
        <TooltipProvider>
          <RouterProvider router={router} />
        </TooltipProvider>
      </QueryClientProvider>
    </StrictMode>,
  );
}
