import { ActivityFailure, CancellationScope, patched, rootCause } from '@temporalio/workflow';

/** What a run sends beside its work. It fails no step, and is not cancelled with the step that sends it. */
export class Deliveries {
  private pending = 0;

  areDone = (): boolean => this.pending === 0;

  /** Sends. `refused` is called with the reason when the delivery is refused for good. */
  begin(send: () => Promise<void>, refused: (because: string) => void): void {
    this.pending += 1;
    void CancellationScope.nonCancellable(send)
      .catch((failure: unknown) => {
        if (!(failure instanceof ActivityFailure)) throw failure;
        if (patched('what-is-refused-is-told')) refused(rootCause(failure) ?? failure.message);
      })
      .finally(() => (this.pending -= 1));
  }
}
