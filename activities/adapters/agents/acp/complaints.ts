import type { Seen } from '../conversation.ts';
import { notNowIn, type NotNow } from '../not-now.ts';
import { isChatter, troubleOfGemini, troubleOfOpenCode } from '../presets/logs.ts';
import { TroubleCounter } from '../presets/troubles.ts';

/**
 * Has OpenCode print its log, which is the only place where it says why it waits, and that it goes around in circles. To other
 * programs these variables mean nothing.
 */
export const LOGGING = { OPENCODE_PRINT_LOGS: '1', OPENCODE_LOG_LEVEL: 'INFO' };

/** How long a program may be silent after it has complained of its provider in words of its own, in milliseconds. */
const SILENCE_MS = 60_000;

/** Words with which programs begin to complain. A number such as 429 may be anything. */
const ERROR =
  /error|fail|warn|exceed|reached|hit your|too many|retry|retri|refus|denied|unauthori|unavailable|overload|quota|credit|expired/i;

interface Listening {
  seen(event: Seen): void;
  /** The program cannot work for now. */
  end(notNow: NotNow): void;
}

/**
 * Reads what a program prints besides the protocol, which says nothing of a provider that does not answer. What is known to
 * be such a complaint counts as by a preset. Other lines that sound like one may be about anything, for example a server of
 * tools. They count once the program has done nothing for a minute.
 */
export class Complaints {
  private readonly troubles = new TroubleCounter();
  private asked = false;
  private silence: NodeJS.Timeout | undefined;

  constructor(private readonly listening: Listening) {}

  /** A prompt was sent. Earlier complaints are about what the program needs to start. */
  begin(): void {
    this.asked = true;
  }

  end(): void {
    this.asked = false;
    this.worked();
  }

  /** It does something. */
  worked(): void {
    this.troubles.reset();
    clearTimeout(this.silence);
    this.silence = undefined;
  }

  /** Whether the line is of interest to people. `sessionId`: that of our session. */
  read(line: string, sessionId: string | undefined): boolean {
    if (!this.asked) return !isChatter(line);
    if (sessionId !== undefined && LOOP.exec(line)?.[1] === sessionId) this.listening.seen({ is: 'answered' });
    if (isChatter(line)) return false;
    const trouble = troubleOfOpenCode(line) ?? troubleOfGemini(line);
    const known = trouble && this.troubles.after(trouble);
    if (known) this.listening.end(known);
    else if (!trouble) this.suspect(line);
    return true;
  }

  private suspect(line: string): void {
    const notNow = ERROR.test(line) ? notNowIn(line.slice(0, 2_000)) : undefined;
    if (notNow) this.silence ??= setTimeout(() => this.listening.end(notNow), SILENCE_MS);
  }
}

/** The model has answered, and is asked again. Step 0 is the first question. */
const LOOP = /^timestamp=\S+ +level=INFO .*\bmessage=loop session\.id=(\S+) step=[1-9]/;
