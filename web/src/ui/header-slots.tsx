import { createContext, useContext, type ReactNode } from "react";
import { createPortal } from "react-dom";

/** Places in the frame of an artifact that its panel fills: facts beside the title, actions at the end. */
export interface HeaderSlots {
  facts: HTMLElement | null;
  actions: HTMLElement | null;
}
export const HeaderSlotsContext = createContext<HeaderSlots | null>(null);

/** Draws into the header of the frame. False when there is no frame around, and the panel needs its own line. */
export function useHeaderSlots(): HeaderSlots | null {
  return useContext(HeaderSlotsContext);
}

export function IntoHeader({ slots, facts, actions }: { slots: HeaderSlots; facts?: ReactNode; actions?: ReactNode }) {
  return (
    <>
      {slots.facts && createPortal(facts, slots.facts)}
      {slots.actions && createPortal(actions, slots.actions)}
    </>
  );
}
