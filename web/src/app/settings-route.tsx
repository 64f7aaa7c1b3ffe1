import { SHORTCUTS } from "@/app/shortcuts";
import SettingsPage from "@/features/settings/settings-page";

export function SettingsRoute() {
  return (
    <main data-pane tabIndex={-1} className="h-full">
      <SettingsPage keys={SHORTCUTS} />
    </main>
  );
}
