import type { ConversationOpening, Seen, Spent, Turn } from '../conversation.ts';
import { SIGNED_OUT, type NotNow } from '../not-now.ts';
import { lastWords, runLines, type RunEnd } from './running.ts';
import { oneLine, TroubleCounter, unavailable, type Trouble } from './troubles.ts';

/**
 * What the events of one prompt add up to. A preset's reader calls these as it reads lines; once the turn has a verdict,
 * the program is ended.
 */
export class Reading {
  verdict: Turn | undefined;
  text = '';
  /** The program reports that it has finished its turn. */
  finished = false;
  /** It ended its turn because a permission was denied. */
  refused = false;
  /** What it said went wrong last. */
  complaint: Trouble | undefined;
  private readonly tools = new Map<string, string>();
  private inParts = false;
  private readonly troubles = new TroubleCounter();

  constructor(
    private readonly seen: (event: Seen) => void,
    readonly spent: Spent,
  ) {}

  message(text: string): void {
    if (text.trim() === '') return;
    this.troubles.reset();
    this.text = text;
    this.seen({ is: 'message', text });
  }

  /** A piece of a message, which the next piece continues until a tool is called. */
  part(text: string): void {
    if (text === '') return;
    this.troubles.reset();
    this.text = this.inParts ? this.text + text : text;
    this.inParts = true;
    this.seen({ is: 'message', text, part: true });
  }

  /** `id`: by which `toolEnded` finds it. */
  tool(title: string, state: 'begun' | 'ended' | 'failed', id?: string): void {
    this.troubles.reset();
    this.inParts = false;
    if (id !== undefined) this.tools.set(id, title);
    this.seen({ is: 'tool', title, state });
  }

  toolEnded(id: string, isWell: boolean): void {
    const title = this.tools.get(id);
    this.tools.delete(id);
    if (title !== undefined) this.seen({ is: 'tool', title, state: isWell ? 'ended' : 'failed' });
  }

  plan(items: { text?: string; done: boolean }[]): void {
    const next = items.find(({ done }) => !done)?.text;
    const done = items.filter((item) => item.done).length;
    this.seen({ is: 'plan', done, total: items.length, ...(next !== undefined && { label: next }) });
  }

  thinking(): void {
    this.troubles.reset();
    this.seen({ is: 'thinking' });
  }

  /** The model has answered, perhaps without a word. Whoever reads the events counts those that are empty. */
  answered(): void {
    this.seen({ is: 'answered' });
  }

  /** Something went wrong, after which the program ends. `trying`: it tries again. */
  complain(trouble: Trouble, { trying = false } = {}): void {
    this.complaint = trouble;
    const found = trying ? this.troubles.after(trouble) : unavailable(trouble);
    if (found) this.notNow(found);
  }

  notNow({ because, until }: NotNow): void {
    this.verdict ??= { is: 'notNow', because, ...(until !== undefined && { until }), spent: this.spent };
  }

  fail(because: string): void {
    this.verdict ??= { is: 'failed', because, spent: this.spent };
  }
}

export interface Prompting {
  name: string;
  install: string;
  login: string;
  command: readonly string[];
  input?: string;
  env?: NodeJS.ProcessEnv;
  read(line: string, stream: 'stdout' | 'stderr', reading: Reading): void;
}

/** Runs the program for one prompt, and makes a turn of what it said. */
export async function prompted(opening: ConversationOpening, spent: Spent, asked: Prompting): Promise<Turn> {
  const reading = new Reading((event) => opening.seen(event), spent);
  const end = await runLines({
    command: asked.command,
    cwd: opening.cwd,
    env: asked.env ?? opening.env,
    input: asked.input,
    signal: opening.signal,
    line(line, stream) {
      asked.read(line, stream, reading);
      return reading.verdict !== undefined;
    },
  });
  opening.signal.throwIfAborted();
  return withLogin(turnOf(reading, end, asked), asked.login);
}

/** Whoever reads that it is signed out has to know what to do. */
export const withLogin = (turn: Turn, login: string): Turn =>
  turn.is === 'notNow' && turn.because.startsWith(SIGNED_OUT)
    ? { ...turn, because: `${turn.because.replace(/[.\s]*$/, '.')} To sign in: ${login}` }
    : turn;

/** The turn after the program has ended. What it reported comes first, then how it exited. */
export function turnOf(
  reading: Reading,
  end: RunEnd,
  { name, install, command }: Pick<Prompting, 'name' | 'install' | 'command'>,
): Turn {
  const { spent } = reading;
  if (end.missing) return { is: 'failed', because: `${command[0]} is not on PATH. To install it: ${install}`, spent };
  if (reading.verdict) return reading.verdict;
  if (reading.finished && end.code === 0) {
    return { is: 'answered', text: reading.text, ...(reading.refused && { refused: true }), spent };
  }
  const trouble = reading.complaint ?? { words: lastWords(end) };
  const found = unavailable(trouble);
  if (found) reading.notNow(found);
  return reading.verdict ?? { is: 'failed', because: `${name}: ${oneLine(trouble.words)}`, spent };
}
