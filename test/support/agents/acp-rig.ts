import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { acp, shellCommand } from '../../../activities/adapters/agents/acp/index.ts';
import type { Conversation, ConversationOpening, Seen } from '../../../activities/adapters/agents/conversation.ts';
import { removeFolder } from '../folders.ts';

const AGENT = fileURLToPath(new URL('acp-agent.mjs', import.meta.url));

/** The steps of each turn, and what else the scripted agent does (`acp-agent.mjs`). */
export interface Script {
  turns?: Record<string, unknown>[][];
  /** Lines that it prints before the protocol begins. */
  hello?: string[];
  /** Null: it never answers. */
  initialize?: Record<string, unknown> | null;
  session?: Record<string, unknown>;
  /** Errors by method. */
  refuses?: Record<string, { code: number; message: string; data?: unknown }>;
  exit?: number;
  stderr?: string;
  ignoresSignals?: boolean;
}

/** Writes a script, and returns the command that starts the agent which follows it. */
export async function acpCommand(folder: string, script: Script): Promise<string> {
  const file = path.join(folder, 'script.json');
  await writeFile(file, JSON.stringify({ turns: [], ...script }));
  return `${process.execPath} ${AGENT} ${file} ${path.join(folder, 'notes.jsonl')}`;
}

/** What the scripted agent has noted: its start, and all messages that it received. */
export async function notesIn(folder: string): Promise<any[]> {
  const text = await readFile(path.join(folder, 'notes.jsonl'), 'utf8').catch(() => '');
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}

/** A conversation with a scripted agent, in a folder of its own. */
export class AcpRig {
  readonly seen: Seen[] = [];
  readonly complaints: string[] = [];
  readonly cancel = new AbortController();
  private opened: Conversation | undefined;
  private noticed: () => void = () => undefined;

  private constructor(
    readonly folder: string,
    readonly checkout: string,
  ) {}

  static async create(): Promise<AcpRig> {
    const folder = await mkdtemp(path.join(tmpdir(), 'gatehouse-acp-'));
    return new AcpRig(folder, await mkdtemp(path.join(folder, 'checkout-')));
  }

  async open(script: Script, over: Partial<ConversationOpening> = {}): Promise<Conversation> {
    this.opened = await acp({ complain: (line) => this.complaints.push(line) })({
      program: shellCommand(await acpCommand(this.folder, script)),
      cwd: this.checkout,
      env: { ...process.env, PWD: this.checkout },
      arguments: [],
      mode: 'write',
      scratch: this.folder,
      seen: (event) => {
        this.seen.push(event);
        this.noticed();
      },
      signal: this.cancel.signal,
      ...over,
    });
    return this.opened;
  }

  /** Resolves when such an event has been seen. */
  sees(wanted: (event: Seen) => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.noticed = () => this.seen.some(wanted) && resolve();
      this.noticed();
    });
  }

  notes = (): Promise<any[]> => notesIn(this.folder);

  /** The messages that the agent received by method. */
  async received(method: string): Promise<any[]> {
    return (await this.notes()).filter((each) => each.method === method);
  }

  async dispose(): Promise<void> {
    await this.opened?.close();
    await removeFolder(this.folder);
  }
}
