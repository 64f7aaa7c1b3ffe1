import { useEffect, useRef, useState } from "react";

const NEAR = 48;

/** Follows the end only while the reader is there; otherwise says that something is new below. */
export function useStickToEnd(signal: unknown) {
  const scroller = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  const lastTop = useRef(0);
  const [behind, setBehind] = useState(false);

  useEffect(() => {
    const element = scroller.current;
    if (!element) return;
    if (atEnd.current) element.scrollTop = element.scrollHeight;
    else setBehind(true);
  }, [signal]);

  const onScroll = () => {
    const element = scroller.current;
    if (!element) return;
    // The event of our own scrolling may come when the text has grown on: only going up leaves the end.
    if (element.scrollHeight - element.scrollTop - element.clientHeight < NEAR) atEnd.current = true;
    else if (element.scrollTop < lastTop.current) atEnd.current = false;
    lastTop.current = element.scrollTop;
    if (atEnd.current) setBehind(false);
  };
  const toEnd = () => {
    const element = scroller.current;
    if (!element) return;
    atEnd.current = true;
    element.scrollTop = element.scrollHeight;
    setBehind(false);
  };
  return { scroller, onScroll, behind, toEnd };
}
