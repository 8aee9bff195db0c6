import type { RunAnswer } from '../../workflows/contracts/reading.ts';
import { scriptedAnswerTo } from '../offline/scripted-answers.ts';
import type { Runs } from '../runs.ts';

/** Who acts as the person in an unattended demo. */
interface Person {
  /** What was not as it should be. */
  readonly complaints: string[];
  /** Acts on a state of the run, if it needs a person. */
  lookAt(run: RunAnswer): Promise<void>;
}

const BY = 'the scripted person';

/** Tests the scripted agent's preview like a person: opens the page, and checks whether its amounts add up. */
export class ScriptedPerson implements Person {
  readonly complaints: string[] = [];
  private readonly seen = new Set<string>();
  private found = 0;

  constructor(private readonly runs: Runs) {}

  async lookAt({ workflowId, status, current, environment }: RunAnswer): Promise<void> {
    const visit = current?.visit;
    if (status !== 'parked' || !visit || this.seen.has(visit)) return;
    this.seen.add(visit);
    if (current.kind !== 'human-test' || !environment?.url) {
      this.complaints.push(`parked at ${visit} without an environment: ${current.because ?? 'no reason given'}`);
      await this.runs.act(workflowId, 'stop', { by: BY });
      return;
    }
    const page = await (await fetch(environment.url)).text();
    const [net, tax, total] = ['Net', 'Tax', 'Total'].map((label) => amountOf(page, label));
    if (net! + tax! === total) {
      if (this.found === 0) this.complaints.push('the preview did not show the planted defect');
      await this.runs.act(workflowId, 'confirm', { by: BY, visit });
      return;
    }
    this.found += 1;
    if (this.found > 1) {
      this.complaints.push('the defect is still there after the fix');
      await this.runs.act(workflowId, 'stop', { by: BY });
      return;
    }
    const findings = `The total does not include the tax: net ${net}, tax ${tax}, total ${total} (cents).`;
    await this.runs.act(workflowId, 'requestFix', { findings, by: BY, visit });
  }
}

const amountOf = (page: string, label: string): number => {
  const [, amount = 'NaN'] = new RegExp(`<td>${label}</td><td></td><td>EUR ([0-9.]+)</td>`).exec(page) ?? [];
  return Math.round(Number(amount) * 100);
};

/** The amounts that the page must show, for net, tax and total. */
const AMOUNTS = ['EUR 56.97', 'EUR 10.82', 'EUR 67.79'];
/** How often a real agent may fix the same thing. */
const MOST_FIXES = 3;

/**
 * Acts as the person where a real agent plays. Its page may look different, and its story may take other turns: whatever is
 * asked is answered so that the run continues, and only the amounts on the page are judged.
 */
export class PatientPerson implements Person {
  readonly complaints: string[] = [];
  private readonly seen = new Set<string>();
  private fixes = 0;

  constructor(private readonly runs: Runs) {}

  async lookAt(run: RunAnswer): Promise<void> {
    const { workflowId, status, current, waitingOn, environment } = run;
    // A person would wait. A script should not, for hours.
    if (waitingOn.what === 'agent' && waitingOn.nextLook) return this.giveUp(workflowId, waitingOn.detail);
    // Each answer to a review leaves it at the same visit.
    const question = `${current?.visit}: ${current?.findings?.filter(({ status: state }) => state === 'open').length ?? 0}`;
    if (status !== 'parked' || !current?.visit || this.seen.has(question)) return;
    this.seen.add(question);
    if (current.kind === 'human-test' && environment?.url) return this.tryOut(run, environment.url);
    const answer = scriptedAnswerTo(current, waitingOn.offers);
    if (!answer)
      return this.giveUp(workflowId, `nothing lets the run continue: ${current.because ?? 'no reason given'}`);
    await this.runs.act(workflowId, answer.action, { ...answer.said, by: BY, visit: current.visit });
  }

  private async tryOut({ workflowId, current }: RunAnswer, url: string): Promise<void> {
    const { visit } = current!;
    const page = await (await fetch(url)).text();
    const missing = AMOUNTS.filter((amount) => !page.includes(amount));
    if (missing.length === 0) return void (await this.runs.act(workflowId, 'confirm', { by: BY, visit }));
    this.fixes += 1;
    if (this.fixes > MOST_FIXES) return this.giveUp(workflowId, `the page still lacks ${missing.join(', ')}`);
    const findings = `The page must show net ${AMOUNTS[0]}, tax ${AMOUNTS[1]} and total ${AMOUNTS[2]}. It lacks ${missing.join(', ')}.`;
    await this.runs.act(workflowId, 'requestFix', { findings, by: BY, visit });
  }

  private async giveUp(workflowId: string, because: string): Promise<void> {
    if (this.complaints.includes(because)) return;
    this.complaints.push(because);
    await this.runs.act(workflowId, 'stop', { by: BY });
  }
}
