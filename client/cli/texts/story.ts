import pc from 'picocolors';
import { ALWAYS_AVAILABLE } from '../../../workflows/contracts/messages.ts';
import { shellWord } from '../../../workflows/contracts/text/quoting.ts';
import type { ActionEntry, CurrentAnswer, RunAnswer, StepEntry } from '../../../workflows/contracts/reading.ts';
import { retrying as retryingText } from '../../../workflows/words/run.ts';
import type { ClientConfig } from '../../config.ts';
import type { Ended } from '../../ends.ts';
import { typed } from '../../invocation.ts';
import { shown, shownLines } from '../../legible.ts';
import { commandFor, runNameOf, sampleFor } from './words.ts';

/** The maximum number of characters shown of a reason. Other texts are shorter. */
const LONG = 1_000;

type Tell = (line: string, event: Record<string, unknown>) => void;

/** Turns repeated snapshots of a run into a log of events. Each event is printed once. */
export class Story {
  private readonly told = new Set<string>();

  constructor(
    private readonly config: Pick<ClientConfig, 'address' | 'environment'> & {
      uiUrl?: string;
      namespace?: string;
      /** Whether the run is simulated, so that no command can reach it. */
      simulated?: boolean;
    },
    private readonly say: Tell,
  ) {}

  tell(run: RunAnswer, log: ActionEntry[]): void {
    if (!Array.isArray(run.notices)) return; // a run with an unreadable input has nothing to show except its end
    this.once('start', () => `${run.workflowId}: ${oneLine(run.task.title)}`, { run: run.workflowId });
    for (const step of run.steps) this.step(step);
    for (const entry of log) this.action(entry);
    this.environment(run);
    this.retrying(run);
    this.wait(run);
    for (const { id, type, severity, text } of run.notices) {
      this.once(
        `notice ${id} ${severity}`,
        () => `  ${severity === 'urgent' ? pc.red('urgent') : 'notice'}: ${type}: ${oneLine(text)}`,
        { notice: type, severity, text },
      );
    }
  }

  end(end: Ended): void {
    if (end.is === 'done') {
      const { outcome, mergeCommit } = end.result;
      this.once('end', () => pc.green(`${outcome}${mergeCommit ? ` as ${mergeCommit.slice(0, 8)}` : ''}`), {
        ended: outcome,
        mergeCommit,
      });
    } else if (end.is === 'lost') {
      const { hint, detail } = end;
      const words = [
        oneLine(`${end.status.toLowerCase()}: ${end.type}: ${end.message}`, LONG),
        ...(hint ? [oneLine(hint, LONG)] : []),
        ...(detail ? [`  ${shownLines(detail).replace(/\n/g, '\n  ')}`] : []),
      ];
      this.once('end', () => pc.red(words.join('\n')), { ended: end.status, type: end.type, message: end.message });
    }
  }

  private step({ id, state, note, attempts, outcome, startedAt, endedAt }: StepEntry): void {
    if (startedAt)
      this.once(`step ${id} begins ${startedAt}`, () => pc.bold(`▶ ${id}`), { step: id, state: 'working' });
    for (const { key, role, outcome: end, summary, head } of attempts) {
      this.once(`job ${key}`, () => `  ${oneLine(role)} is at work`, { step: id, job: key, role });
      if (end) {
        const at = head ? ` (${head.slice(0, 8)})` : '';
        this.once(`job ${key} ended`, () => `  ${oneLine(role)} ${end}${at}: ${oneLine(summary)}`, {
          step: id,
          job: key,
          role,
          outcome: end,
          summary,
        });
      }
    }
    if (endedAt) {
      this.forget(`failing ${id} `);
      const mark = state === 'failed' ? pc.red('✗') : pc.green('✓');
      this.once(`step ${id} ends ${endedAt}`, () => `${mark} ${id}: ${outcome ?? state}. ${oneLine(note)}`, {
        step: id,
        outcome,
        note,
      });
    }
  }

  private action({ actionId, action, by, verdict, because, at }: ActionEntry): void {
    const who = oneLine(by ?? 'somebody');
    const what = oneLine(action);
    const line = verdict === 'taken' ? `  ${who}: ${what}` : `  ${who}: ${what} was refused: ${oneLine(because)}`;
    this.once(`action ${actionId} ${at}`, () => pc.cyan(line), { action, by, verdict, because });
  }

  private environment({ environment }: RunAnswer): void {
    if (!environment) return;
    const { generation, status, url, because } = environment;
    const words = [`  environment ${generation} is ${status}`, url && oneLine(url), because && `(${oneLine(because)})`]
      .filter(Boolean)
      .join(' ');
    this.once(`environment ${generation} ${status}`, () => words, { environment: environment.status, url, generation });
  }

  private retrying({ retrying = [] }: RunAnswer): void {
    for (const entry of retrying) {
      const { activity, since, message, failures } = entry;
      const event = { retrying: activity, since, message, failures };
      this.once(`retrying ${activity} ${since}`, () => pc.red(`  ${oneLine(retryingText(entry), LONG)}`), event);
    }
  }

  /** Prints a wait. For a wait for a person, this includes commands that are ready to paste. */
  private wait(run: RunAnswer): void {
    const { waitingOn, current } = run;
    if (current) this.failing(current);
    if (waitingOn.what !== 'person') {
      if (['checks', 'environment', 'forge', 'budget'].includes(waitingOn.what) || waitingOn.nextLook) {
        this.once(
          `wait ${current?.id} ${waitingOn.since} ${waitingOn.detail}`,
          () => pc.dim(`  … ${oneLine(waitingOn.detail, LONG)}`),
          { waitingOn: waitingOn.what, detail: waitingOn.detail },
        );
      }
      return;
    }
    const visit = current?.visit ?? 'paused';
    this.once(`visit ${visit} ${run.status}`, () => this.invitation(run), { parked: visit, offers: waitingOn.offers });
  }

  /** Prints each failing check once per step, because it stays in the answer until the next verdict, for several heads. */
  private failing({ id, failing = [] }: CurrentAnswer): void {
    for (const { name, conclusion } of failing) {
      const event = { failing: name, conclusion };
      this.once(
        `failing ${id} ${name} ${conclusion}`,
        () => `  failing: ${oneLine(name)} (${oneLine(conclusion)})`,
        event,
      );
    }
  }

  private invitation(run: RunAnswer): string {
    const { waitingOn, workflowId, current } = run;
    const why = current?.because && current.because !== waitingOn.detail ? `\n  ${oneLine(current.because)}` : '';
    const offers = waitingOn.offers.filter((offer) => !ALWAYS_AVAILABLE.some((each) => each === offer));
    const [first = waitingOn.offers[0]] = offers;
    const asked = [
      pc.yellow(`? ${oneLine(waitingOn.detail, LONG)}${why}`),
      `  on offer: ${waitingOn.offers.join(', ')}`,
    ];
    const { uiUrl, namespace, address, environment, simulated } = this.config;
    if (simulated) return asked.join('\n');
    const page = uiUrl && `  ${uiUrl}/namespaces/${namespace}/workflows/${encodeURIComponent(workflowId)}`;
    const temporal = shellWord(environment['TEMPORAL_CLI_PATH'] || 'temporal');
    const input = first && shellWord(JSON.stringify(sampleFor(first, run)));
    return [
      ...asked,
      `  ${typed(`explain ${runNameOf(run)}`)}`,
      ...offers.slice(0, 2).map((offer) => `  ${commandFor(offer, run)}`),
      ...(first
        ? [
            `  ${temporal} workflow signal --address ${address} --workflow-id ${workflowId} --name ${first} --input ${input}`,
          ]
        : []),
      ...(page ? [page] : []),
    ].join('\n');
  }

  private forget(about: string): void {
    for (const key of this.told) if (key.startsWith(about)) this.told.delete(key);
  }

  private once(key: string, line: () => string, event: Record<string, unknown>): void {
    if (this.told.has(key)) return;
    this.told.add(key);
    this.say(line(), event);
  }
}

/** Puts a text from outside on one line. */
const oneLine = (text = '', most = 200): string => shown(text).trim().slice(0, most);
