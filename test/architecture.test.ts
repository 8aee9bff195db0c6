import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The rooms and packages that each room may import, in addition to itself. `type:` allows type-only imports. */
const LAW: Record<string, string[]> = {
  'workflows/contracts': ['zod', '@temporalio/workflow'],
  'workflows/rules': ['workflows/contracts', 'zod'],
  // All texts for people. Gates and rules report facts, and do not import it.
  'workflows/words': ['workflows/contracts', 'workflows/rules'],
  'workflows/gates': ['workflows/contracts', 'workflows/rules', 'zod'],
  // The code next to the SDK, within the sandbox. It knows nothing of runs.
  'workflows/temporal': [
    'type:workflows',
    'workflows',
    'workflows/contracts',
    'workflows/rules',
    'workflows/words',
    'type:zod',
    '@temporalio/workflow',
    // The base of the SDK's own converters, for encrypted payloads.
    '@temporalio/common',
  ],
  'workflows/step': [
    'workflows/contracts',
    'workflows/rules',
    'workflows/words',
    'workflows/temporal',
    'type:workflows/gates',
    'type:zod',
    '@temporalio/workflow',
  ],
  'workflows/environments': [
    'workflows/contracts',
    'workflows/rules',
    'workflows/words',
    'workflows/temporal',
    '@temporalio/workflow',
  ],
  'workflows/survey': [
    'workflows/contracts',
    'workflows/rules',
    'workflows/words',
    'workflows/temporal',
    '@temporalio/workflow',
  ],
  'workflows/run': [
    'workflows/contracts',
    'workflows/rules',
    'workflows/words',
    'workflows/temporal',
    'workflows/step',
    'type:workflows/gates',
    'type:zod',
    '@temporalio/workflow',
  ],
  workflows: [
    'workflows/contracts',
    'workflows/rules',
    'workflows/words',
    'workflows/gates',
    'workflows/run',
    'workflows/step',
    'workflows/environments',
    'workflows/survey',
    'workflows/temporal',
    '@temporalio/workflow',
  ],
  // The rooms that vendors share. They know no vendor, and import only rooms listed before them.
  'activities/adapters/files': ['type:zod', 'node:', 'execa'],
  // The database that workers share.
  'activities/adapters/state': ['workflows/contracts', 'type:activities', 'kysely', 'libsql', 'pg', 'zod', 'node:'],
  'activities/adapters/processes': [
    // Nothing but its API, which does nothing unless somebody wants traces.
    '@opentelemetry/api',
    'type:workflows/contracts',
    'type:activities',
    'type:activities/adapters/state',
    'activities/adapters/files',
    'zod',
    'node:',
    'execa',
  ],
  'activities/adapters/git': [
    'workflows/contracts',
    'type:activities',
    'activities/adapters/processes',
    'type:activities/adapters/state',
    'activities/adapters/files',
    'type:kysely',
    'zod',
    'node:',
  ],
  'activities/adapters/settings': ['workflows/contracts', 'type:activities/adapters/git', 'zod', 'yaml'],
  'activities/adapters/configuration': [
    'workflows/contracts',
    'activities/adapters/settings',
    'zod',
    'picomatch',
    'node:',
  ],
  'activities/adapters/checks': [
    'workflows/contracts',
    'type:activities',
    'activities/adapters/settings',
    'activities/adapters/git',
    'activities/adapters/processes',
    'type:activities/adapters/state',
    'activities/adapters/files',
    'type:kysely',
    'zod',
    'node:',
  ],
  // What all forges on other machines have in common.
  'activities/adapters/hosted': [
    'workflows/contracts',
    'workflows/words',
    'type:activities',
    'type:activities/adapters',
    'activities/adapters/checks',
    'activities/adapters/configuration',
    'activities/adapters/settings',
    'activities/adapters/git',
    'activities/adapters/processes',
    'type:activities/adapters/state',
    'activities/adapters/files',
    'type:kysely',
    'picomatch',
    'zod',
    'node:',
  ],
  // Speaks to coding agents, by their own protocols. Whoever runs agents uses it, so it is a shared room.
  'activities/adapters/agents': [
    'workflows/contracts',
    'type:activities',
    'type:activities/adapters',
    'activities/adapters/settings',
    'activities/adapters/processes',
    'activities/adapters/files',
    '@agentclientprotocol/sdk',
    'zod',
    'node:',
    'execa',
  ],
  // Each vendor: any other folder below the adapters.
  'activities/adapters/*': [
    'workflows/contracts',
    'workflows/words',
    'type:activities',
    'activities/adapters/agents',
    'activities/adapters/hosted',
    'activities/adapters/checks',
    'activities/adapters/configuration',
    'activities/adapters/settings',
    'activities/adapters/git',
    'activities/adapters/processes',
    'type:activities/adapters/state',
    'activities/adapters/files',
    'type:activities/adapters',
    'type:kysely',
    '@octokit/core',
    'type:@octokit/types',
    '@slack/web-api',
    'nodemailer',
    'zod',
    'node:',
    'execa',
    'yaml',
  ],
  // Combines several adapters of a kind into one port.
  'activities/adapters/dispatching': [
    'workflows/contracts',
    'type:activities',
    'type:activities/adapters',
    // How the repositories of forges on other machines are written.
    'activities/adapters/hosted',
    'activities/adapters/settings',
    'type:activities/adapters/git',
    'type:activities/adapters/state',
    // Who gets notices, and when.
    'activities/adapters/configuration',
    'activities/adapters/processes',
    'activities/adapters/files',
    '@js-temporal/polyfill',
    'zod',
    'node:',
  ],
  // Lists and opens the vendors: the only code that knows them.
  'activities/adapters': [
    'workflows/contracts',
    'type:activities',
    'activities/adapters/*',
    'activities/adapters/hosted',
    'activities/adapters/dispatching',
    'activities/adapters/settings',
    'activities/adapters/configuration',
    'type:activities/adapters/git',
    'activities/adapters/state',
    'activities/adapters/processes',
    'zod',
    'node:',
  ],
  // Reads the record of a closed run, for the worker and the client.
  'activities/closed': ['workflows/contracts', 'type:@temporalio/client'],
  activities: [
    'workflows/contracts',
    'workflows/words',
    'activities/closed',
    '@temporalio/activity',
    'type:@temporalio/client',
    'picomatch',
    // Diffs cross Temporal compressed.
    'node:zlib',
  ],
  // Used by the worker and the client: the only room that both share.
  'worker/configuration': [
    'workflows/contracts',
    // The variables that adapters declare. This does not load any adapter.
    'activities/adapters',
    // Where the database is.
    'activities/adapters/state',
    // The operator's file.
    'activities/adapters/configuration',
    'zod',
    '@temporalio/envconfig',
    'env-paths',
    // The codec: payloads as sent, and Node's ciphers.
    'type:@temporalio/common',
    '@temporalio/proto',
    'node:',
  ],
  // Opens the forges for the client, which only looks: in folders and a database of its own.
  'worker/looking': [
    'workflows/contracts',
    'worker/configuration',
    'activities',
    'activities/adapters',
    'activities/adapters/hosted',
    'type:activities/adapters/configuration',
    'activities/adapters/processes',
    'activities/adapters/settings',
    'activities/adapters/state',
    'picomatch',
    'node:',
  ],
  // What Prometheus reads, of workers and doors.
  'worker/metrics': [
    'type:workflows/contracts',
    'activities/adapters/state',
    'kysely',
    '@temporalio/activity',
    'prom-client',
    'node:',
  ],
  // Traces of workers and clients. Whoever wants none loads `opening.ts` alone.
  'worker/tracing': [
    'workflows/contracts',
    '@opentelemetry/api',
    '@opentelemetry/context-async-hooks',
    '@opentelemetry/exporter-trace-otlp-proto',
    '@opentelemetry/resources',
    '@opentelemetry/sdk-trace-base',
    '@temporalio/common',
    '@temporalio/interceptors-opentelemetry',
    '@temporalio/interceptors-opentelemetry/lib/worker/index.js',
    'type:@temporalio/worker',
  ],
  worker: [
    'workflows/contracts',
    'worker/configuration',
    'worker/tracing',
    'worker/metrics',
    'activities',
    'activities/adapters',
    'type:activities/adapters/configuration',
    'activities/adapters/processes',
    'activities/adapters/state',
    '@temporalio/worker',
    'zod',
    'pino',
    'get-port',
    'node:',
  ],
  'client/offline': [
    'workflows/contracts',
    'type:workflows/gates',
    'worker/configuration',
    '@temporalio/worker',
    '@temporalio/common/lib/proto-utils.js',
    // The SDK's sandbox, as the SDK's own tests use it; that is why the SDK is pinned to an exact version.
    '@temporalio/common',
    '@temporalio/proto',
    '@temporalio/worker/lib/worker.js',
    '@temporalio/worker/lib/workflow/bundler.js',
    '@temporalio/worker/lib/workflow/interface.js',
    '@temporalio/worker/lib/workflow/reusable-vm.js',
    'zod',
    'node:',
  ],
  // The page: facts in, HTML out. Nothing else makes HTML.
  'client/http/page': [
    'workflows/contracts',
    'workflows/rules',
    'client',
    'activities/adapters/state',
    'fastify',
    '@fastify/formbody',
    'hono/html',
    'parse-diff',
    'zod',
    'node:',
  ],
  client: [
    'workflows/contracts',
    'client/http/page',
    'workflows/rules',
    'workflows/words',
    'workflows/gates',
    'type:workflows',
    'client/offline',
    'activities/closed',
    // The rows of runs, which are read without a worker.
    'activities/adapters/state',
    'type:activities',
    // The people who may press buttons in Slack.
    'activities/adapters/configuration',
    // Presets are listed, tried and examined without a worker.
    'activities/adapters/agents',
    'activities/adapters/settings',
    // Who may what is in the configuration file, for the door too.
    'activities/adapters/configuration',
    // Whether isolation works here is found out by running it.
    'activities/adapters/processes',
    'worker/configuration',
    // Forges are asked through this room only.
    'worker/looking',
    'worker/metrics',
    'worker/tracing',
    'type:activities/adapters/hosted',
    '@temporalio/client',
    '@temporalio/testing',
    '@temporalio/common/lib/proto-utils.js',
    'zod',
    'pino',
    'node:',
    'commander',
    'env-paths',
    'execa',
    'fastify',
    '@fastify/cookie',
    '@fastify/formbody',
    '@fastify/helmet',
    '@fastify/rate-limit',
    '@fastify/swagger',
    'kysely',
    'get-port',
    'picocolors',
  ],
};
const ROOMS = Object.keys(LAW).sort((a, b) => b.length - a.length);
const roomOf = (file: string) => {
  const room = ROOMS.find((each) => file.startsWith(`${each}/`));
  return room === 'activities/adapters' && vendorOf(file) !== undefined ? `${room}/*` : room;
};
const vendorOf = (file: string): string | undefined => {
  const [, folder] = /^activities\/adapters\/([^/]+)\//.exec(file) ?? [];
  return folder !== undefined && !Object.hasOwn(LAW, `activities/adapters/${folder}`) ? folder : undefined;
};

/** Excludes the sample, which is a repository of its own. */
const files = ['workflows', 'activities', 'worker', 'client']
  .flatMap((top) => readdirSync(path.join(root, top), { recursive: true, encoding: 'utf8' }).map((f) => `${top}/${f}`))
  .filter((file) => /\.m?ts$/.test(file) && !file.startsWith('client/local-stack/sample/'));
const sourceOf = (file: string) => readFileSync(path.join(root, file), 'utf8');

interface Import {
  target: string;
  typeOnly: boolean;
}

/** All imports and re-exports of a source: statements, calls, and type references. Computed ones cannot be judged. */
function importsOf(source: string): Import[] {
  const found: Import[] = [];
  const textOf = (node: ts.Node | undefined) => (node && ts.isStringLiteralLike(node) ? node.text : '(computed)');
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) {
      found.push({ target: textOf(node.moduleSpecifier), typeOnly: node.importClause?.isTypeOnly === true });
    } else if (ts.isExportDeclaration(node) && node.moduleSpecifier) {
      found.push({ target: textOf(node.moduleSpecifier), typeOnly: node.isTypeOnly });
    } else if (ts.isImportTypeNode(node)) {
      found.push({
        target: textOf(ts.isLiteralTypeNode(node.argument) ? node.argument.literal : node),
        typeOnly: true,
      });
    } else if (ts.isCallExpression(node) && isImporting(node.expression)) {
      found.push({ target: textOf(node.arguments[0]), typeOnly: false });
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile('source.ts', source, ts.ScriptTarget.ESNext));
  return found;
}

const isImporting = (callee: ts.Expression) =>
  callee.kind === ts.SyntaxKind.ImportKeyword || (ts.isIdentifier(callee) && callee.text === 'require');

/** The imports that the room's law does not allow, by room or package. */
function offences(file: string, source: string): string[] {
  const room = roomOf(file)!;
  const lawful = (name: string, typeOnly: boolean) =>
    name === room ||
    LAW[room]!.some(
      (rule) => rule === name || (typeOnly && rule === `type:${name}`) || (rule.endsWith(':') && name.startsWith(rule)),
    );
  return importsOf(source)
    .map(({ target, typeOnly }) => {
      if (!target.startsWith('.')) return { name: target, typeOnly };
      const local = path.posix.join(path.posix.dirname(file), target);
      return { name: neighbour(file, local) ?? roomOf(local) ?? `outside: ${local}`, typeOnly };
    })
    .filter(({ name, typeOnly }) => !lawful(name, typeOnly))
    .map(({ name }) => name);
}

/** Adapters of one vendor do not import another's; only the list of vendors imports them all. */
function neighbour(file: string, local: string): string | undefined {
  const [own, other] = [vendorOf(file), vendorOf(local)];
  return own && other && own !== other ? `another vendor: ${other}` : undefined;
}

it('every room has files', () => {
  expect(new Set(files.map(roomOf))).toEqual(new Set(ROOMS));
});

it.each(files)('%s keeps the import law', (file) => {
  expect(offences(file, sourceOf(file))).toEqual([]);
});

it.each([
  ['workflows/gates/x.ts', `import { sleep } from '@temporalio/workflow';`, '@temporalio/workflow'],
  ['workflows/gates/x.ts', `import { park } from '../step/park.ts';`, 'workflows/step'],
  ['workflows/rules/x.ts', `import fs from 'node:fs';`, 'node:fs'],
  ['workflows/rules/x.ts', `import { noChecks } from '../words/checks.ts';`, 'workflows/words'],
  ['workflows/gates/x.ts', `import { inWords } from '../words/index.ts';`, 'workflows/words'],
  ['workflows/words/x.ts', `import { ci } from '../gates/ci.ts';`, 'workflows/gates'],
  ['workflows/rules/x.ts', `import '../step/park.ts';`, 'workflows/step'],
  ['workflows/step/x.ts', `import { ci } from '../gates/ci.ts';`, 'workflows/gates'],
  ['workflows/step/x.ts', `import { type Gate } from '../gates/gate.ts';`, 'workflows/gates'],
  ['workflows/step/x.ts', `import type { LiveRun } from '../run/live-run.ts';`, 'workflows/run'],
  ['workflows/x.ts', `export * from '../activities/index.ts';`, 'activities'],
  ['activities/x.ts', `export { gitForge } from './adapters/local/git-forge/index.ts';`, 'activities/adapters/*'],
  ['activities/adapters/x/x.ts', `import { Context } from '@temporalio/activity';`, '@temporalio/activity'],
  ['activities/adapters/x/x.ts', `import { createActivities } from '../../index.ts';`, 'activities'],
  ['activities/adapters/x/x.ts', `import type { Local } from '../local/opening.ts';`, 'another vendor: local'],
  ['activities/adapters/x/x.ts', `import { VENDORS } from '../index.ts';`, 'activities/adapters'],
  ['activities/adapters/git/x.ts', `import type { Local } from '../local/opening.ts';`, 'activities/adapters/*'],
  [
    'activities/adapters/git/x.ts',
    `import { settingsOf } from '../settings/reading.ts';`,
    'activities/adapters/settings',
  ],
  ['activities/adapters/processes/x.ts', `import { git } from '../git/door.ts';`, 'activities/adapters/git'],
  ['worker/x.ts', `import { Runs } from "../client/runs.ts"`, 'client'],
  ['client/x.ts', `const a = await import('../worker/main.ts');`, 'worker'],
  ['client/x.ts', `import { openPorts } from '../activities/adapters/opening.ts';`, 'activities/adapters'],
  ['client/x.ts', `const a = await import(\n  '../worker/main.ts',\n);`, 'worker'],
  ['client/x.ts', 'const a = await import(`../${name}.ts`);', '(computed)'],
  ['client/x.ts', `const a = require('../test/support/world.ts');`, 'outside: test/support/world.ts'],
  ['client/x.ts', `let a: import('../worker/config.ts').WorkerConfig;`, 'worker'],
  ['client/x.ts', `import {\n  a,\n  b,\n} from '../activities/index.ts';`, 'activities'],
])('a forbidden import in %s is found: %j', (file, source, offence) => {
  expect(offences(file, source)).toEqual([offence]);
});

it.each([
  ['workflows/step/x.ts', `import type { Gate } from '../gates/gate.ts';`],
  ['activities/adapters/x/x.ts', `import type { Forge } from '../../ports.ts';`],
  ['client/x.ts', `// import { a } from '../worker/main.ts';\nconst a = "import b from '../worker/main.ts'";`],
])('an allowed import in %s passes: %j', (file, source) => {
  expect(offences(file, source)).toEqual([]);
});

/** The command line reads the variables that vendors declare, and must not load their adapters for that. */
it.each(files.filter((file) => /^activities\/adapters\/[^/]+\/index\.ts$/.test(file)))(
  '%s loads no adapter',
  (file) => {
    const loaded = [...sourceOf(file).matchAll(/^import (?!type ).* from '(.+)';$/gm)].map(([, target]) => target!);
    expect(loaded.filter((target) => target !== './variables.ts' && !target.startsWith('node:'))).toEqual([]);
  },
);

/**
 * Only one folder of the service runs git. Code that sets up samples, or plays a teammate who uses the machine's own
 * git, is not part of the service.
 */
const DOOR = 'activities/adapters/git/';
const GIT_ELSEWHERE = [
  'client/cli/version.ts',
  'client/doctor/set-up.ts',
  'client/local-stack/teammate.ts',
  'client/local-stack/judging.ts',
  'client/local-stack/sample.ts',
];
const STARTS =
  /^(?:spawn|spawnSync|exec|execSync|execFile|execFileSync|fork|execa|execaSync|execaCommand|runProgram|\$)$/;

/** The calls that start git, by its name or by a command line that begins with it. */
function gitCalls(source: string): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    const [callee, first] = ts.isCallExpression(node)
      ? [node.expression, node.arguments[0]]
      : ts.isTaggedTemplateExpression(node)
        ? [node.tag, node.template]
        : [];
    const name = callee && (ts.isPropertyAccessExpression(callee) ? callee.name.text : callee.getText());
    if (name && STARTS.test(name) && first && /^['"`](?:\S*\/)?git\b/.test(first.getText())) found.push(node.getText());
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile('source.ts', source, ts.ScriptTarget.ESNext, true));
  return found;
}

it.each(files.filter((file) => !file.startsWith(DOOR) && !GIT_ELSEWHERE.includes(file)))(
  '%s does not run git itself',
  (file) => {
    expect(gitCalls(sourceOf(file))).toEqual([]);
  },
);

it.each([
  `await execa('git', ['fetch']);`,
  'await execa("/usr/bin/git", ["fetch"]);',
  `spawn('git', args, { cwd });`,
  `childProcess.execFile('git', []);`,
  'exec(`git fetch ${source}`);',
  'await $`git fetch`;',
])('a direct call of git is found: %s', (source) => {
  expect(gitCalls(source)).toHaveLength(1);
});

/** A gate waits only through its context, and does not catch unexpected failures, above all cancellation. */
function bends(source: string): string[] {
  const code = source.replace(/\/\*[^]*?\*\/|\/\/.*$|'(?:[^'\\\n]|\\.)*'/gm, '');
  return code.match(/\bcatch\b|\bset(?:Timeout|Interval|Immediate)\b|\b(?:sleep|condition)\(/g) ?? [];
}

/** The first circle of imports among these sources, including type-only ones. */
function circle(of: Map<string, string[]>): string[] | undefined {
  const done = new Set<string>();
  const follow = (file: string, path: string[]): string[] | undefined => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return undefined;
    for (const next of of.get(file) ?? []) {
      const found = follow(next, [...path, file]);
      if (found) return found;
    }
    done.add(file);
    return undefined;
  };
  for (const file of of.keys()) {
    const found = follow(file, []);
    if (found) return found;
  }
  return undefined;
}

const neighboursOf = (file: string, source: string): string[] =>
  importsOf(source).flatMap(({ target }) =>
    target.startsWith('.') ? [path.posix.join(path.posix.dirname(file), target)] : [],
  );

it('no sources import each other in a circle, not even for types', () => {
  expect(circle(new Map(files.map((file) => [file, neighboursOf(file, sourceOf(file))])))).toBeUndefined();
});

it('a circle of imports is found', () => {
  const sources = { 'a/x.ts': `import type { Y } from './y.ts';`, 'a/y.ts': `export * from '../b/z.ts';` };
  const planted = { ...sources, 'b/z.ts': `import { x } from '../a/x.ts';` };
  const of = (all: object) =>
    new Map(Object.entries(all).map(([file, text]) => [file, neighboursOf(file, String(text))]));
  expect(circle(of(sources))).toBeUndefined();
  expect(circle(of(planted))).toEqual(['a/x.ts', 'a/y.ts', 'b/z.ts', 'a/x.ts']);
});

/** Rooms next to the SDK, whose types do not describe all that it does. */
const CASTING = /(?:^|\/)temporal\/|^client\/offline\/sandbox\//;

/** The casts in a source that turn off type checks. */
function casts(source: string): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isAsExpression(node)) {
      if (node.type.kind === ts.SyntaxKind.NeverKeyword) found.push('as never');
      const inner = node.expression;
      if (ts.isAsExpression(inner) && inner.type.kind === ts.SyntaxKind.UnknownKeyword) found.push('as unknown as');
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile('source.ts', source, ts.ScriptTarget.ESNext, true));
  return found;
}

it.each(files.filter((file) => !CASTING.test(file)))('%s has no blind cast', (file) => {
  expect(casts(sourceOf(file))).toEqual([]);
});

it.each([
  ['const run = raw as never;', 'as never'],
  ['const run = raw as unknown as Run;', 'as unknown as'],
])('a blind cast is found: %s', (source, cast) => {
  expect(casts(source)).toEqual([cast]);
});

/**
 * The maximum number of files in a folder, so that its names can be read at a glance. The rooms that run workflows have
 * a lower one.
 */
const mostFiles = (folder: string): number =>
  /^workflows\/(?:run|step|environments|survey|temporal)$/.test(folder) ? 15 : 20;

it('no folder of sources has too many files', () => {
  const sizes = new Map<string, number>();
  for (const file of files) sizes.set(path.posix.dirname(file), (sizes.get(path.posix.dirname(file)) ?? 0) + 1);
  expect([...sizes].filter(([folder, size]) => size > mostFiles(folder))).toEqual([]);
});

it.each(files.filter((file) => file.startsWith('workflows/gates/')))(
  '%s neither catches failures nor waits outside of its context',
  (file) => {
    expect(bends(sourceOf(file))).toEqual([]);
  },
);

it.each([
  [`try { await work(); } catch { }`, 'catch'],
  [`await work().catch(() => undefined);`, 'catch'],
  [`setTimeout(work, 10);`, 'setTimeout'],
  [`await sleep('1 minute');`, 'sleep('],
])('a catch or a wait in a gate is found: %s', (source, bend) => {
  expect(bends(source)).toEqual([bend]);
});

it('rules are synchronous', () => {
  const waiting = files.filter(
    (file) => file.startsWith('workflows/rules/') && /\bawait\b|\basync\b/.test(sourceOf(file)),
  );
  expect(waiting).toEqual([]);
});

/** Gates and rules report facts; `words/` turns them into sentences. Schemas state themselves what they expect. */
const SCHEMA_KEYS = /^(?:error|message|expected)$/;

/** The texts in a source that read as a sentence: with spaces and a full stop, or with more than four words. */
function sentences(source: string): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) return;
    if (ts.isPropertyAssignment(node) && SCHEMA_KEYS.test(node.name.getText())) return;
    const text = ts.isStringLiteralLike(node)
      ? node.text
      : ts.isTemplateExpression(node)
        ? [node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)].join('…')
        : undefined;
    const words = text?.match(/(?<=^|\s)[\p{L}’'-]+(?=[\s.,:;!?]|$)/gu) ?? [];
    if (text && words.length > 0 && (words.length > 4 || /\s.*[a-z…][.!?]$/s.test(text))) found.push(text);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile('source.ts', source, ts.ScriptTarget.ESNext, true));
  return found;
}

/** Their texts mark where data was cut, and are part of the data. */
const MARKS = ['workflows/rules/bytes.ts', 'workflows/rules/outputs.ts'];

const factual = files.filter((file) => /^workflows\/(?:gates|rules)\//.test(file) && !MARKS.includes(file));

it.each(factual)('%s has no sentences', (file) => {
  expect(sentences(sourceOf(file))).toEqual([]);
});

it.each([
  `const note = 'There is no change.';`,
  'const note = `Approved by ${by}.`;',
  'const brief = `The checks of ${branch} have failed once more`;',
])('a sentence in a gate or a rule is found: %s', (source) => {
  expect(sentences(source)).toHaveLength(1);
});

it.each([
  `const key = 'pull-request'; // A comment may be a sentence.`,
  `const Limit = z.number({ error: 'a number of at least one, or none at all' });`,
  'const id = `${visit}/${type}-${number}`;',
])('a text that is not a sentence passes: %s', (source) => {
  expect(sentences(source)).toEqual([]);
});

it('all Temporal packages are pinned to the same exact version', () => {
  const { dependencies, devDependencies } = JSON.parse(sourceOf('package.json')) as Record<
    string,
    Record<string, string>
  >;
  const versions = Object.entries({ ...dependencies, ...devDependencies })
    .filter(([name]) => name.startsWith('@temporalio/'))
    .map(([, version]) => version);
  expect(new Set(versions).size).toBe(1);
  expect(versions[0]).toMatch(/^\d+\.\d+\.\d+$/);
});
