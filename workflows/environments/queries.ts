import { patched, setCurrentDetails, setHandler, upsertMemo, workflowInfo } from '@temporalio/workflow';
import type { EnvironmentView } from '../contracts/activities.ts';
import { ENVIRONMENT_MEMO } from '../contracts/environment.ts';
import { environmentQuery } from '../contracts/queries.ts';
import type { Retrying } from '../contracts/run/retrying.ts';
import { cutText } from '../rules/bytes.ts';
import { environmentDetails } from '../words/views/details.ts';
import { QUERIES } from '../words/views/handlers.ts';
import { Reporting } from './reporting.ts';

/** The limit of a reason, in bytes: it may be the end of a log. */
const BECAUSE_BYTES = 8_000;

/** Shows an environment's status to people and to its run, also once it is closed. */
export class EnvironmentQueries {
  private readonly reporting = new Reporting();
  private failing: readonly Retrying[] = [];

  constructor(public view: EnvironmentView) {
    setHandler(environmentQuery, () => this.view, { description: QUERIES.environment });
  }

  /** Whether all reports have been delivered. */
  isDone = () => this.reporting.isDone();

  /** Stores the status in the memo, so that reading it needs the server only, no worker. */
  draw(view: Partial<EnvironmentView>): void {
    const { holder } = this.view;
    const because = view.because && cutText(view.because, BECAUSE_BYTES);
    this.view = { ...(view as EnvironmentView), ...(because && { because }), holder };
    this.drawPage();
    if (patched('environment-on-record')) upsertMemo({ [ENVIRONMENT_MEMO]: this.view });
  }

  /** Shows the status, and notifies the run, which then reads it. */
  show(view: Partial<EnvironmentView>): void {
    this.draw(view);
    this.reporting.report(this.view);
  }

  /** Shows what keeps failing, and reports it to the run. */
  showFailing(failing: readonly Retrying[], entry: Retrying): void {
    this.failing = failing;
    this.drawPage();
    this.reporting.reportFailing(this.view, entry);
  }

  private drawPage(): void {
    setCurrentDetails(environmentDetails(this.view, workflowInfo().workflowId, this.failing));
  }
}
