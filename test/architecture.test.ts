import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Who may import whom. A room may always import itself. `type:` allows what leaves no trace at run time. */
const LAW: Record<string, string[]> = {
  'workflows/contracts': ['zod', '@temporalio/workflow'],
  'workflows/rules': ['workflows/contracts', 'zod'],
  // All that people read. Gates and rules report facts, and know nothing of it.
  'workflows/words': ['workflows/contracts', 'workflows/rules'],
  'workflows/gates': ['workflows/contracts', 'workflows/rules', 'zod'],
  // The SDK's side as the sandbox sees it. It knows nothing of runs.
  'workflows/temporal': [
    'type:workflows',
    'workflows',
    'workflows/contracts',
    'workflows/rules',
    'workflows/words',
    'type:zod',
    '@temporalio/workflow',
    // What the SDK's own converters are made of, where payloads are encrypted.
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
  // The rooms that vendors share. They know no vendor, and import only those listed before them.
  'activities/adapters/files': ['type:zod', 'node:', 'execa'],
  'activities/adapters/processes': ['type:activities', 'activities/adapters/files', 'zod', 'node:', 'execa'],
  'activities/adapters/git': [
    'workflows/contracts',
    'type:activities',
    'activities/adapters/processes',
    'activities/adapters/files',
    'zod',
    'node:',
  ],
  'activities/adapters/settings': ['workflows/contracts', 'type:activities/adapters/git', 'zod', 'yaml'],
  'activities/adapters/checks': [
    'workflows/contracts',
    'type:activities',
    'activities/adapters/settings',
    'activities/adapters/git',
    'activities/adapters/processes',
    'activities/adapters/files',
    'zod',
    'node:',
  ],
  // Each vendor: any other folder below the adapters.
  'activities/adapters/*': [
    'workflows/contracts',
    'workflows/words',
    'type:activities',
    'activities/adapters/checks',
    'activities/adapters/settings',
    'activities/adapters/git',
    'activities/adapters/processes',
    'activities/adapters/files',
    'type:activities/adapters',
    'zod',
    'node:',
    'execa',
    'yaml',
  ],
  // One port out of several adapters of its kind.
  'activities/adapters/dispatching': [
    'workflows/contracts',
    'type:activities',
    'type:activities/adapters',
    'type:activities/adapters/settings',
    'type:activities/adapters/git',
    'activities/adapters/processes',
    'activities/adapters/files',
    'zod',
    'node:',
  ],
  // What lists and opens the vendors: the only code that knows them.
  'activities/adapters': [
    'workflows/contracts',
    'type:activities',
    'activities/adapters/*',
    'activities/adapters/dispatching',
    'activities/adapters/settings',
    'type:activities/adapters/git',
    'zod',
    'node:',
  ],
  // What is on record of a closed run, read alike by the worker and by the client.
  'activities/closed': ['workflows/contracts', 'type:@temporalio/client'],
  activities: [
    'workflows/contracts',
    'workflows/words',
    'activities/closed',
    '@temporalio/activity',
    'type:@temporalio/client',
    'picomatch',
  ],
  // Read alike by whoever serves runs and whoever starts them: the one door between the two.
  'worker/configuration': [
    'workflows/contracts',
    // What adapters declare to read: no adapter is loaded by that.
    'activities/adapters',
    'zod',
    '@temporalio/envconfig',
    'env-paths',
    // The codec: what payloads are on the wire, and node's ciphers.
    'type:@temporalio/common',
    '@temporalio/proto',
    'node:',
  ],
  worker: [
    'workflows/contracts',
    'worker/configuration',
    'activities',
    'activities/adapters',
    '@temporalio/worker',
    'zod',
    'pino',
    'node:',
  ],
  'client/offline': [
    'workflows/contracts',
    'type:workflows/gates',
    'worker/configuration',
    '@temporalio/worker',
    '@temporalio/common/lib/proto-utils.js',
    // The sandbox of the SDK, as the SDK's own tests use it: pinned to one exact version for that.
    '@temporalio/common',
    '@temporalio/proto',
    '@temporalio/worker/lib/worker.js',
    '@temporalio/worker/lib/workflow/bundler.js',
    '@temporalio/worker/lib/workflow/interface.js',
    '@temporalio/worker/lib/workflow/reusable-vm.js',
    'zod',
    'node:',
  ],
  client: [
    'workflows/contracts',
    'workflows/rules',
    'workflows/words',
    'workflows/gates',
    'type:workflows',
    'client/offline',
    'activities/closed',
    'worker/configuration',
    '@temporalio/client',
    '@temporalio/testing',
    '@temporalio/common/lib/proto-utils.js',
    'zod',
    'pino',
    'node:',
    'commander',
    'env-paths',
    'execa',
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

/** The sample is a repository of its own, with a law of its own. */
const files = ['workflows', 'activities', 'worker', 'client']
  .flatMap((top) => readdirSync(path.join(root, top), { recursive: true, encoding: 'utf8' }).map((f) => `${top}/${f}`))
  .filter((file) => /\.m?ts$/.test(file) && !file.startsWith('client/local-stack/sample/'));
const sourceOf = (file: string) => readFileSync(path.join(root, file), 'utf8');

interface Import {
  target: string;
  typeOnly: boolean;
}

/** Everything a source imports or exports on: stated, called, or as a type in passing. A computed one cannot be judged. */
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

/** The imports of a source that its room's law does not allow, by room or package. */
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

/** Adapters of one vendor know nothing of another's; only the list knows them all. */
function neighbour(file: string, local: string): string | undefined {
  const [own, other] = [vendorOf(file), vendorOf(local)];
  return own && other && own !== other ? `another vendor: ${other}` : undefined;
}

it('looks at every room', () => {
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
  ['client/x.ts', `const a = await import(\n  '../worker/main.ts',\n);`, 'worker'],
  ['client/x.ts', 'const a = await import(`../${name}.ts`);', '(computed)'],
  ['client/x.ts', `const a = require('../test/support/world.ts');`, 'outside: test/support/world.ts'],
  ['client/x.ts', `let a: import('../worker/config.ts').WorkerConfig;`, 'worker'],
  ['client/x.ts', `import {\n  a,\n  b,\n} from '../activities/index.ts';`, 'activities'],
])('a breach in %s is caught: %j', (file, source, offence) => {
  expect(offences(file, source)).toEqual([offence]);
});

it.each([
  ['workflows/step/x.ts', `import type { Gate } from '../gates/gate.ts';`],
  ['activities/adapters/x/x.ts', `import type { Forge } from '../../ports.ts';`],
  ['client/x.ts', `// import { a } from '../worker/main.ts';\nconst a = "import b from '../worker/main.ts'";`],
])('what the law allows in %s is let pass: %j', (file, source) => {
  expect(offences(file, source)).toEqual([]);
});

/** The command line reads what vendors declare: it must not load their adapters for that. */
it.each(files.filter((file) => /^activities\/adapters\/[^/]+\/index\.ts$/.test(file)))(
  '%s loads no adapter',
  (file) => {
    const loaded = [...sourceOf(file).matchAll(/^import (?!type ).* from '(.+)';$/gm)].map(([, target]) => target!);
    expect(loaded.filter((target) => target !== './variables.ts' && !target.startsWith('node:'))).toEqual([]);
  },
);

/**
 * Git has one door: no other code of the service names the program it starts `git`. What sets up samples and plays a
 * colleague at a machine's own git is no part of the service.
 */
const DOOR = 'activities/adapters/git/';
const GIT_ELSEWHERE = [
  'client/cli/version.ts',
  'client/doctor/set-up.ts',
  'client/local-stack/teammate.ts',
  'client/local-stack/demo.ts',
  'client/local-stack/sample.ts',
];
const STARTS =
  /^(?:spawn|spawnSync|exec|execSync|execFile|execFileSync|fork|execa|execaSync|execaCommand|runProgram|\$)$/;

/** The calls that start git: by name, or by a command line that begins with it. */
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
  '%s leaves git to its door',
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
])('git that is called past its door is caught: %s', (source) => {
  expect(gitCalls(source)).toHaveLength(1);
});

/** A gate waits through its context only, and lets what it does not expect go by: cancellation above all. */
function bends(source: string): string[] {
  const code = source.replace(/\/\*[^]*?\*\/|\/\/.*$|'(?:[^'\\\n]|\\.)*'/gm, '');
  return code.match(/\bcatch\b|\bset(?:Timeout|Interval|Immediate)\b|\b(?:sleep|condition)\(/g) ?? [];
}

/** The first circle of imports among these sources, type-only ones included. */
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

it('a circle is caught', () => {
  const sources = { 'a/x.ts': `import type { Y } from './y.ts';`, 'a/y.ts': `export * from '../b/z.ts';` };
  const planted = { ...sources, 'b/z.ts': `import { x } from '../a/x.ts';` };
  const of = (all: object) =>
    new Map(Object.entries(all).map(([file, text]) => [file, neighboursOf(file, String(text))]));
  expect(circle(of(sources))).toBeUndefined();
  expect(circle(of(planted))).toEqual(['a/x.ts', 'a/y.ts', 'b/z.ts', 'a/x.ts']);
});

/** Rooms at the border of the SDK, whose types do not say what it does. */
const CASTING = /(?:^|\/)temporal\/|^client\/offline\/sandbox\//;

/** The casts in a source with which the compiler no longer checks anything. */
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
])('a blind cast is caught: %s', (source, cast) => {
  expect(casts(source)).toEqual([cast]);
});

/** How many files a folder may have: a newcomer reads its names at one glance. The rooms that run a run are smaller still. */
const mostFiles = (folder: string): number =>
  /^workflows\/(?:run|step|environments|survey|temporal)$/.test(folder) ? 15 : 20;

it('no folder of sources has more files than it may', () => {
  const sizes = new Map<string, number>();
  for (const file of files) sizes.set(path.posix.dirname(file), (sizes.get(path.posix.dirname(file)) ?? 0) + 1);
  expect([...sizes].filter(([folder, size]) => size > mostFiles(folder))).toEqual([]);
});

it.each(files.filter((file) => file.startsWith('workflows/gates/')))('%s is straight', (file) => {
  expect(bends(sourceOf(file))).toEqual([]);
});

it.each([
  [`try { await work(); } catch { }`, 'catch'],
  [`await work().catch(() => undefined);`, 'catch'],
  [`setTimeout(work, 10);`, 'setTimeout'],
  [`await sleep('1 minute');`, 'sleep('],
])('a bend in a gate is caught: %s', (source, bend) => {
  expect(bends(source)).toEqual([bend]);
});

it('a rule never waits', () => {
  const waiting = files.filter(
    (file) => file.startsWith('workflows/rules/') && /\bawait\b|\basync\b/.test(sourceOf(file)),
  );
  expect(waiting).toEqual([]);
});

/**
 * Gates and rules report facts; `words/` makes the sentences. What a schema expects of an input is stated in the schema.
 */
const SCHEMA_KEYS = /^(?:error|message|expected)$/;

/** The texts in a source that read as a sentence: with spaces and a full stop at the end, or with more than four words. */
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

/** Their texts mark where data was cut. The marks are part of the data. */
const MARKS = ['workflows/rules/bytes.ts', 'workflows/rules/outputs.ts'];

const factual = files.filter((file) => /^workflows\/(?:gates|rules)\//.test(file) && !MARKS.includes(file));

it.each(factual)('%s has no sentences', (file) => {
  expect(sentences(sourceOf(file))).toEqual([]);
});

it.each([
  `const note = 'There is no change.';`,
  'const note = `Approved by ${by}.`;',
  'const brief = `The checks of ${branch} have failed once more`;',
])('a sentence in a gate or a rule is caught: %s', (source) => {
  expect(sentences(source)).toHaveLength(1);
});

it.each([
  `const key = 'pull-request'; // A comment may be a sentence.`,
  `const Limit = z.number({ error: 'a number of at least one, or none at all' });`,
  'const id = `${visit}/${type}-${number}`;',
])('what is no sentence is let pass: %s', (source) => {
  expect(sentences(source)).toEqual([]);
});

it('every temporalio package is pinned to one exact version', () => {
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
