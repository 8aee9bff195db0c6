import { patched, setCurrentDetails, setHandler, upsertMemo, workflowInfo } from '@temporalio/workflow';
import type { EnvironmentView } from '../contracts/activities.ts';
import { ENVIRONMENT_MEMO } from '../contracts/environment.ts';
import { environmentQuery } from '../contracts/messages.ts';
import type { Retrying } from '../contracts/retrying.ts';
import { cutText } from '../rules/bytes.ts';
import { environmentDetails } from '../rules/details.ts';
import { Reporting } from './reporting.ts';

/** So much is told of why it stands so: it may be the end of a log. */
const BECAUSE_BYTES = 8_000;

/** Lets people and its holder see how an environment stands, also once it is closed. */
export class EnvironmentQueries {
  private readonly reporting = new Reporting();
  private failing: readonly Retrying[] = [];

  constructor(public view: EnvironmentView) {
    setHandler(environmentQuery, () => this.view, { description: 'How the environment stands.' });
  }

  /** Whether everybody has been told. */
  quiet = () => this.reporting.isDone();

  /** Puts on record how it stands: whoever looks asks the server, and no worker. */
  draw(view: Partial<EnvironmentView>): void {
    const { holder } = this.view;
    const because = view.because && cutText(view.because, BECAUSE_BYTES);
    this.view = { ...(view as EnvironmentView), ...(because && { because }), holder };
    this.drawPage();
    if (patched('environment-on-record')) upsertMemo({ [ENVIRONMENT_MEMO]: this.view });
  }

  /** Shows how it stands, and has the holder look. */
  show(view: Partial<EnvironmentView>): void {
    this.draw(view);
    this.reporting.report(this.view);
  }

  /** What keeps failing is on its page, and its holder's to know. */
  showFailing(failing: readonly Retrying[], entry: Retrying): void {
    this.failing = failing;
    this.drawPage();
    this.reporting.reportFailing(this.view, entry);
  }

  private drawPage(): void {
    setCurrentDetails(environmentDetails(this.view, workflowInfo().workflowId, this.failing));
  }
}
