// An agent that speaks the Agent Client Protocol and follows a script, also where that is not what agents should do. It uses no
// library, so that it can misbehave in any way. Arguments: the file with the script, and the file in which it notes what it
// receives.
import { spawn } from 'node:child_process';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setImmediate, setInterval, setTimeout } from 'node:timers';

const [scriptFile, notesFile] = process.argv.slice(2);
const script = JSON.parse(readFileSync(scriptFile, 'utf8'));
const SESSION = 'session-1';
const waiting = new Map();
let asked = 0;
let turn = -1;
let folder = process.cwd();
let cancelled = () => undefined;

const print = (line) => void process.stdout.write(`${line}\n`);
const send = (message) => print(JSON.stringify({ jsonrpc: '2.0', ...message }));
const update = (content, sessionId = SESSION) =>
  send({ method: 'session/update', params: { sessionId, update: content } });
const note = (what) => notesFile && appendFileSync(notesFile, `${JSON.stringify(what)}\n`);

note({ started: process.pid, cwd: process.cwd(), pwd: process.env.PWD, mark: process.env.GATEHOUSE_PROCESS });
for (const line of script.hello ?? []) print(line);
if (script.exit !== undefined) {
  process.stderr.write(script.stderr ?? '');
  process.exit(script.exit);
}
if (script.ignoresSignals) for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => note({ signal }));

createInterface({ input: process.stdin })
  .on('line', (line) => {
    const message = JSON.parse(line);
    note(message);
    if (message.method === undefined) waiting.get(message.id)?.(message.result ?? message.error);
    else void received(message);
  })
  .on('close', () => script.ignoresSignals || process.exit(0));
if (script.ignoresSignals) setInterval(() => undefined, 1_000);

async function received({ id, method, params }) {
  const refusal = script.refuses?.[method];
  if (refusal) return send({ id, error: refusal });
  switch (method) {
    case 'initialize': {
      const answer = { protocolVersion: 1, agentCapabilities: {}, agentInfo: { name: 'scripted', version: '1' } };
      return script.initialize === null ? undefined : send({ id, result: { ...answer, ...script.initialize } });
    }
    case 'session/new':
      folder = params.cwd;
      return send({ id, result: { sessionId: SESSION, ...script.session } });
    case 'session/prompt': {
      turn += 1;
      const steps = script.turns[turn] ?? [{ say: `turn ${turn}` }];
      const end = await play(steps);
      return end === undefined ? undefined : send({ id, ...end });
    }
    case 'session/cancel':
      return cancelled();
    default:
      return id === undefined ? undefined : send({ id, result: {} });
  }
}

/** Plays the steps of a turn. Returns its answer, or nothing if there is none. */
async function play(steps) {
  for (const step of steps) {
    const [[kind, value]] = Object.entries(step);
    const end = await STEPS[kind](value, step);
    if (end !== undefined) return end === 'silence' ? undefined : end;
  }
  return { result: { stopReason: 'end_turn' } };
}

const STEPS = {
  say: (text) => update({ sessionUpdate: 'agent_message_chunk', content: { type: 'text', text } }),
  /** In as many chunks as there are characters. */
  spell: (text) => [...text].forEach(STEPS.say),
  think: (text) => update({ sessionUpdate: 'agent_thought_chunk', content: { type: 'text', text } }),
  tool(title, { kind = 'execute', failed = false } = {}) {
    const toolCallId = `call-${(asked += 1)}`;
    update({ sessionUpdate: 'tool_call', toolCallId, title, kind, status: 'in_progress' });
    update({ sessionUpdate: 'tool_call_update', toolCallId, status: failed ? 'failed' : 'completed' });
  },
  plan: (entries) =>
    update({
      sessionUpdate: 'plan',
      entries: entries.map(([content, status]) => ({ content, status, priority: 'medium' })),
    }),
  cost: (amount) => update({ sessionUpdate: 'usage_update', used: 10, size: 100, cost: { amount, currency: 'USD' } }),
  empty: (times) => {
    for (let n = 0; n < times; n += 1) update({ sessionUpdate: 'usage_update', used: 0, size: 100 });
  },
  write: ([file, text]) => writeFileSync(path.resolve(folder, file), text),
  /** Asks for a permission, and plays `then` or `otherwise`. */
  async ask(
    toolCall,
    { options = ['allow_once', 'allow_always', 'reject_once'], then, otherwise, sessionId = SESSION },
  ) {
    const id = `ask-${(asked += 1)}`;
    const answer = new Promise((resolve) => waiting.set(id, resolve));
    const offered = options.map((kind) => ({ optionId: `o-${kind}`, name: kind, kind }));
    const params = { sessionId, toolCall: { toolCallId: id, ...toolCall }, options: offered };
    send({ id, method: 'session/request_permission', params });
    const { outcome } = await answer;
    const steps = outcome?.optionId?.startsWith('o-allow') ? then : otherwise;
    return steps ? play(steps) : undefined;
  },
  update: (content, { session }) => update(content, session),
  raw: print,
  /** Many updates of one kind, at once. */
  flood: async (times, { text = 'A line of what it does.\n', pauseEvery = 100 }) => {
    for (let n = 0; n < times; n += 1) {
      STEPS.say(text);
      STEPS.tool(`step ${n} of many, with a title as long as titles of commands may become`);
      if (n % pauseEvery === 0) await new Promise((resolve) => setImmediate(resolve));
    }
  },
  huge: (bytes) => update({ sessionUpdate: 'agent_message_chunk', content: { type: 'text', text: 'x'.repeat(bytes) } }),
  stderr: (text) => void process.stderr.write(text),
  env: (name) => STEPS.say(process.env[name] ?? 'unset'),
  spawn: (command) => void spawn('/bin/sh', ['-c', command], { stdio: 'ignore', cwd: folder, detached: true }).unref(),
  fail: (error) => ({ error }),
  stop: (stopReason, { usage }) => ({ result: { stopReason, ...(usage && { usage }) } }),
  exit: (code) => process.exit(code),
  hang: () => 'silence',
  /** Waits to be cancelled, and answers then. */
  async untilCancelled(stopReason) {
    await new Promise((resolve) => (cancelled = resolve));
    note({ cancelled: true });
    return { result: { stopReason } };
  },
  /** Waits until a file exists. */
  async until(file) {
    const { existsSync } = await import('node:fs');
    while (!existsSync(file)) await new Promise((resolve) => setTimeout(resolve, 20));
  },
  /** Sends an update after the turn's answer, and then makes a file. */
  late(text, { file }) {
    setTimeout(() => {
      STEPS.say(text);
      writeFileSync(file, '');
    }, 20);
  },
};
