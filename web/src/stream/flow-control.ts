/**
 * When to acknowledge. The server stops at `window` unacknowledged batches, so a tab that draws late must still answer
 * in time, and a tab that draws well should not answer every batch.
 */
export class FlowControl {
  private acknowledged = 0;
  private newest = 0;
  private window = 16;

  open(window: number | undefined, resumedFrom: number | null | undefined): void {
    if (window && window > 0) this.window = window;
    if (resumedFrom && resumedFrom > this.acknowledged) this.acknowledged = resumedFrom;
    this.newest = Math.max(this.newest, this.acknowledged);
  }

  /** Notes a batch. Returns the number to acknowledge at once, when a quarter of the window is out, else null. */
  received(batch: number): number | null {
    this.newest = Math.max(this.newest, batch);
    return this.newest - this.acknowledged >= Math.max(1, Math.floor(this.window / 4)) ? this.take() : null;
  }

  /** What is still owed after a repaint, or null. */
  flush(): number | null {
    return this.newest > this.acknowledged ? this.take() : null;
  }

  /** Where to go on after a lost socket: the newest batch this tab holds. */
  get resumeAfter(): number {
    return this.newest;
  }

  private take(): number {
    this.acknowledged = this.newest;
    return this.newest;
  }
}
