/// <reference types="vite/client" />
declare module "monaco-editor/editor/contrib/*";
declare module "monaco-editor/editor/standalone/*";
