import type { Readable, Writable } from 'node:stream';
import type { AnyMessage, Stream } from '@agentclientprotocol/sdk';

/** The longest message that is read, in bytes. Agents put whole files into their messages. */
const MOST_BYTES = 32_000_000;
/** So many lines in a row that are no messages mean that the program does not speak the protocol. */
const MOST_NONSENSE = 200;

interface Listening {
  /** The parameters of a notification. The library would drop those that later versions of the protocol add. */
  notified(method: string, params: unknown): void;
  /** A line that is not a message of the protocol. */
  nonsense(line: string): void;
  /** The program cannot be understood any more. */
  lost(because: string): void;
}

/**
 * The messages of a program that speaks JSON-RPC in lines. Unlike the library's own stream, it passes over what else the
 * program prints, and over notifications that are too long.
 */
export function messagesOf(stdout: Readable, stdin: Writable, listening: Listening): Stream {
  let closed = false;
  const readable = new ReadableStream<AnyMessage>({
    start(controller) {
      const lines = new Lines();
      let nonsense = 0;
      stdout.on('data', (chunk: Buffer) => {
        for (const line of lines.add(chunk)) {
          if (closed) return;
          const message = typeof line === 'string' ? messageIn(line) : undefined;
          if (message) {
            nonsense = 0;
            if ('method' in message && !('id' in message)) listening.notified(message.method, message.params);
            else controller.enqueue(message);
          } else if (typeof line !== 'string') {
            if (!line.head.includes('"session/update"'))
              listening.lost(`It sent a message of more than ${MOST_BYTES} bytes`);
          } else if (line.trim() !== '') {
            if ((nonsense += 1) <= MOST_NONSENSE) listening.nonsense(line);
            else listening.lost(`It does not speak the Agent Client Protocol, but prints: ${line.slice(0, 200)}`);
          }
        }
        if (!closed && (controller.desiredSize ?? 1) <= 0) stdout.pause();
      });
      stdout.once('close', () => {
        if (!closed) controller.close();
        closed = true;
      });
    },
    pull: () => void stdout.resume(),
    /** The rest is read and lost, so that the program can end. */
    cancel() {
      closed = true;
      stdout.resume();
    },
  });
  const writable = new WritableStream<AnyMessage>({
    write: (message) =>
      new Promise((resolve, reject) => {
        stdin.write(`${JSON.stringify(message)}\n`, (failure) => (failure ? reject(failure) : resolve()));
      }),
  });
  return { readable, writable };
}

/** A message of JSON-RPC 2.0. We only send numbers as ids, so an answer with any other is none. */
function messageIn(line: string): AnyMessage | undefined {
  if (!/^\s*\{/.test(line)) return undefined;
  try {
    const message = JSON.parse(line) as AnyMessage & { method?: unknown; id?: unknown };
    const isMessage = typeof message.method === 'string' || typeof message.id === 'number';
    return message.jsonrpc === '2.0' && isMessage ? message : undefined;
  } catch {
    return undefined;
  }
}

/** A line that is too long, by its beginning. */
interface TooLong {
  head: string;
}

/** Splits bytes into lines. */
class Lines {
  private chunks: Buffer[] = [];
  private bytes = 0;

  add(chunk: Buffer): (string | TooLong)[] {
    const lines: (string | TooLong)[] = [];
    let from = 0;
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, from)) {
      this.keep(chunk.subarray(from, at));
      lines.push(this.take());
      from = at + 1;
    }
    this.keep(chunk.subarray(from));
    return lines;
  }

  private keep(part: Buffer): void {
    if (part.length === 0) return;
    this.bytes += part.length;
    if (this.bytes <= MOST_BYTES) this.chunks.push(part);
    else this.chunks.splice(1); // only its beginning is of interest
  }

  private take(): string | TooLong {
    const text = Buffer.concat(this.chunks).toString('utf8');
    const line = this.bytes <= MOST_BYTES ? text : { head: text.slice(0, 1_000) };
    this.chunks = [];
    this.bytes = 0;
    return line;
  }
}
