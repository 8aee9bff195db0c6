import { pino } from 'pino';
import { openDoor, type Door, type DoorParts } from '../../../client/http/door.ts';
import type { PageAccess } from '../../../client/http/page/access.ts';
import type { May } from '../../../client/http/access/permissions.ts';
import type { Runs } from '../../../client/runs.ts';
import type { State } from '../../../activities/adapters/state/state.ts';
import { z } from 'zod';
import { actionNames, actions, type ActionName } from '../../../workflows/contracts/messages.ts';
import type { ActionEntry, RunAnswer } from '../../../workflows/contracts/reading.ts';

/** Everybody is ana, and may do what a test says. The token of her forms is `ours`. */
export const accessOf = (may: readonly May[] = ['see', 'start', ...actionNames], workspace?: string): PageAccess => ({
  visitor: async () => ({
    caller: { id: 'person:ana', name: 'ana', via: 'page', grants: [{ may: new Set(may) }], workspace },
    csrf: 'ours',
  }),
  isOurs: (_request, token) => token === 'ours',
});

/** A door whose runs are played by the test. */
export const openPages = (state: State, runs: object, parts: Partial<DoorParts> = {}): Promise<Door> =>
  openDoor(
    {
      runs: runs as Partial<Runs> as Runs,
      state,
      reachable: async () => true,
      secrets: {},
      log: pino({ level: 'silent' }),
      access: accessOf(),
      ...parts,
    },
    { host: '127.0.0.1', port: 0, exact: true },
  );

const AT = '2026-11-26T12:00:00.000Z';

/** A run that waits for a person, as it answers. */
export const answerOf = (over: object = {}): Partial<RunAnswer> => ({
  workflowId: 'run/default/PAY-142',
  runId: 'r1',
  workspace: 'default',
  task: { id: 'PAY-142', title: 'Show totals with tax', type: 'feature', description: 'Net, tax and total.' },
  change: {
    repository: 'https://github.com/acme/shop',
    base: 'main',
    branch: 'gatehouse/PAY-142',
    pullRequest: 17,
    head: '893b0a3'.padEnd(40, '0'),
  },
  pipeline: { name: 'human-review', steps: [] },
  startedBy: 'bo',
  status: 'parked',
  steps: [],
  notices: [],
  foreign: [],
  visits: {},
  usage: { inputTokens: 120_000, outputTokens: 8_000, costCents: 184, unknown: 1 },
  current: null,
  environment: null,
  waitingOn: { what: 'person', detail: 'Try the change, then confirm it or say what is wrong.', since: AT, offers: [] },
  ...over,
});

const FORM = (name: ActionName) => ({
  action: name,
  label: actions[name].label,
  fields: z.toJSONSchema(actions[name].input, { io: 'input' }),
});

const ASKED: ActionName[] = [
  'confirm',
  'requestFix',
  'pullMain',
  'recreateEnvironment',
  'destroyEnvironment',
  'answerFinding',
  'dismissFinding',
  'pause',
  'stop',
  'restartFrom',
];

const attempt = (n: number, role: string, from: string, to: string | undefined, summary?: string) => ({
  n,
  role,
  key: `${role}-${n}`,
  at: `2026-11-26T${from}:00.000Z`,
  ...(to !== undefined && { endedAt: `2026-11-26T${to}:00.000Z`, outcome: 'completed' as const }),
  ...(summary !== undefined && { summary }),
});

/** A run that is asked about in a human test, with everything that the page can show. `text` is in every text from outside. */
export const askedRun = (text = ''): Partial<RunAnswer> => ({
  ...answerOf(),
  task: {
    id: 'PAY-142',
    title: `Show totals with tax${text}`,
    type: 'feature',
    description: `Net, tax and total.${text}`,
  },
  steps: [
    {
      step: 1,
      id: '1-coder',
      kind: 'coder',
      state: 'done',
      outcome: 'passed',
      startedAt: '2026-11-26T10:00:00.000Z',
      endedAt: '2026-11-26T10:18:00.000Z',
      waitedMs: 0,
      note: `Added a test for the tax.${text}`,
      attempts: [
        attempt(1, 'coder', '10:00', '10:11', `The total includes the tax now.${text}`),
        attempt(2, 'coder', '10:11', '10:18', 'Added a test for the tax, as the review asked.'),
      ],
      usage: { inputTokens: 90_000, outputTokens: 6_000, costCents: 140, unknown: 0 },
    },
    {
      step: 2,
      id: '2-human-test',
      kind: 'human-test',
      state: 'waiting',
      startedAt: '2026-11-26T10:18:00.000Z',
      waitedMs: 41 * 60_000,
      attempts: [attempt(1, 'fixer', '11:40', '11:50', 'The tax is rounded now.')],
    },
    { step: 3, id: '3-ci', kind: 'ci', state: 'pending', waitedMs: 0, attempts: [] },
    { step: 4, id: '4-merger', kind: 'merger', state: 'pending', waitedMs: 0, attempts: [] },
  ],
  visits: { '2-human-test': 3 },
  foreign: [{ commit: 'f'.repeat(40), author: `Bo${text}`, email: 'bo@example.com' }],
  environment: {
    status: 'live',
    generation: 2,
    url: 'https://default--pay-142--9f2c.preview.example.com/',
    expiresAt: '2026-11-27T14:05:00.000Z',
    holder: { workflowId: 'run/default/PAY-142', runId: 'r1' },
  },
  current: {
    step: 2,
    id: '2-human-test',
    kind: 'human-test',
    phase: 'parked',
    visit: '2-human-test#3',
    attempt: 1,
    attempts: 3,
    because: `The fixer has rebuilt the preview.${text}`,
    failing: [{ name: `lint${text}`, conclusion: 'failure', url: 'javascript:alert(1)' }],
    findings: [
      {
        id: 'f-1',
        category: 'question',
        severity: 'medium',
        title: `Which tax rate?${text}`,
        detail: `19 % or 7 %?${text}`,
        status: 'open',
      },
    ],
    assessment: { complexity: 0.3, risk: 0.2, impact: 0.4, rationale: `Small.${text}` },
    proposal: `# Proposal\n\nShow net, tax and total.${text}`,
    verdicts: [{ rating: 0.95, threshold: 0.8, passed: true, feedback: `Good.${text}` }],
    rounds: [{ kind: 'fix', findings: `The tax is missing.${text}`, outcome: 'completed' }],
    offers: ASKED.map(FORM),
  },
  waitingOn: {
    what: 'person',
    detail: `Try the change, then confirm it or say what is wrong.${text}`,
    since: AT,
    offers: ASKED,
  },
});

/** The actions on that run. */
export const askedLog = (text = ''): ActionEntry[] => [
  {
    actionId: 'a1',
    action: 'confirm',
    by: `bo${text}`,
    via: 'pull-request',
    at: AT,
    verdict: 'refused',
    code: 'stale',
    because: `The change has moved.${text}`,
    repeats: 0,
  },
  {
    actionId: 'a2',
    action: 'requestFix',
    by: 'ana',
    via: 'page',
    at: AT,
    verdict: 'taken',
    repeats: 0,
    input: JSON.stringify({ findings: `The tax is missing.${text}`, visit: 'v' }),
  },
];

export const DIFF = `diff --git a/lib/totals.js b/lib/totals.js
index 1111111..2222222 100644
--- a/lib/totals.js
+++ b/lib/totals.js
@@ -1,3 +1,5 @@
 export function totals(basket, rate = 0.19) {
-  return { net: sum(basket), total: sum(basket) };
+  const net = sum(basket);
+  const tax = Math.round(net * rate);
+  return { net, tax, total: net + tax };
 }
`;
