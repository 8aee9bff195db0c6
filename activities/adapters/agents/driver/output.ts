import { plain } from '../../processes/text.ts';
import type { Seen } from '../conversation.ts';
import type { Redactor } from '../../settings/redacting.ts';

interface Writing {
  stdout(text: string): void;
  stderr(text: string): void;
  /** Milliseconds since 1970. */
  now(): number;
}

/** The length of a line, in characters: at first, and once half of the log is full. */
const LINE = 400;
const SHORT_LINE = 80;
/** The number of characters after which the log only shows that the agent is still at work. */
const MOST = 2_000_000;
const LEAST_PAUSE_MS = 5_000;
/** Activity that prints nothing is shown this often, so that it does not count as silence. */
const SIGN_OF_LIFE_MS = 10_000;
const PROGRESS_PAUSE_MS = 1_000;
/** The longest text that is kept for a message without a line break, in characters. */
const PENDING = 4_000;

/**
 * The driver's log: one readable line per message, tool call and complaint, and lines of progress. Its size is bounded, and it
 * contains no secrets.
 */
export class Output {
  private readonly budgets = { stdout: new Budget(MOST), stderr: new Budget(MOST / 4) };
  private readonly message;
  /** What is redacted of the present message, up to its last line break. */
  private pending = '';
  private printedAt: number;
  private progressAt = 0;
  private progress: { shown: string; wanted: string } = { shown: '', wanted: '' };

  constructor(
    private readonly redactor: Redactor,
    private readonly to: Writing,
  ) {
    this.message = redactor.stream();
    this.printedAt = to.now();
  }

  seen(event: Seen): void {
    switch (event.is) {
      case 'message':
        this.add(event.text);
        if (!event.part) this.endMessage();
        break;
      case 'tool':
        this.endMessage();
        if (event.state !== 'ended') this.line(`${event.state === 'failed' ? '✗' : '→'} ${event.title}`);
        break;
      case 'plan':
        this.plan(event);
        break;
      case 'thinking':
      case 'answered':
        break;
    }
    this.signOfLife();
  }

  /** One line for people. */
  line(text: string): void {
    this.print('stdout', this.redactor.text(text));
  }

  /** One line about what went wrong. The last ones are shown with a failed job. */
  complain(text: string): void {
    this.print('stderr', this.redactor.text(text));
  }

  end(): void {
    this.endMessage();
    this.showProgress({ force: true });
  }

  private add(text: string): void {
    this.pending += this.message.push(text);
    const lines = this.pending.split('\n');
    this.pending = lines.pop()!;
    for (const line of lines) this.print('stdout', line);
    if (this.pending.length > PENDING) this.pending = this.pending.slice(0, PENDING); // the rest would be cut anyway
  }

  private endMessage(): void {
    const rest = this.pending + this.message.end();
    this.pending = '';
    for (const line of rest.split('\n')) this.print('stdout', line);
  }

  private plan({ done, total, label }: Extract<Seen, { is: 'plan' }>): void {
    const shown = label === undefined ? {} : { label: oneLine(this.redactor.text(label)).slice(0, 200) };
    this.progress.wanted = `GATEHOUSE_PROGRESS ${JSON.stringify({ done, total, ...shown })}`;
    this.showProgress();
  }

  private showProgress({ force = false } = {}): void {
    const { shown, wanted } = this.progress;
    if (shown === wanted || (!force && this.to.now() - this.progressAt < PROGRESS_PAUSE_MS)) return;
    this.progressAt = this.printedAt = this.to.now();
    this.progress.shown = wanted;
    this.to.stderr(`${wanted}\n`);
  }

  private signOfLife(): void {
    this.showProgress();
    if (this.to.now() - this.printedAt < SIGN_OF_LIFE_MS) return;
    this.printedAt = this.to.now();
    this.to.stderr('\n');
  }

  private print(stream: 'stdout' | 'stderr', text: string): void {
    const line = oneLine(text);
    if (line === '') return;
    const budget = this.budgets[stream];
    const pause = this.to.now() - this.printedAt;
    const length = budget.lineLength(pause);
    if (length === 0) return;
    const cut = line.length > length ? `${line.slice(0, length)}…` : line;
    budget.take(cut.length);
    this.printedAt = this.to.now();
    // A line of the agent must not look like one of ours.
    this.to[stream](`${cut.replace(/^GATEHOUSE_PROGRESS/, ' $&')}\n`);
  }
}

/** How much may still be printed. */
class Budget {
  private taken = 0;

  constructor(private readonly most: number) {}

  take(characters: number): void {
    this.taken += characters;
  }

  /** The length of the next line, in characters. 0: none. `pause`: milliseconds since the last one. */
  lineLength(pause: number): number {
    if (this.taken < this.most / 2) return LINE;
    return this.taken < this.most || pause >= LEAST_PAUSE_MS ? SHORT_LINE : 0;
  }
}

const oneLine = (text: string): string => plain(text).replace(/\s+/g, ' ').trim();
