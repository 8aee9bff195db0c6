// Bundles the sources with esbuild, into one folder of flat files.
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

export const root = fileURLToPath(new URL('../..', import.meta.url));
const WEEK_MS = 7 * 86_400_000;

const COMMON = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node20.11',
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'none',
  logLevel: 'warning',
};

/** CommonJS libraries call `require` for Node's own modules. */
const REQUIRE = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

/**
 * Makes a build in a folder. Other processes never see an incomplete build, because it is made next to the folder and then
 * renamed. If several processes make the same build, the first one wins. `finish` adds to the build before it is renamed.
 */
export async function makeBuild(folder, finish = () => undefined) {
  const draft = path.join(path.dirname(folder), `.${path.basename(folder)}-${randomUUID()}`);
  try {
    // All have finished before the draft is removed.
    const parts = await Promise.allSettled([
      commandLine(draft),
      programs(draft),
      agentDriver(draft),
      converters(draft),
      pageFiles(draft),
    ]);
    for (const part of parts) if (part.status === 'rejected') throw part.reason;
    await finish(draft);
    await rename(draft, folder).catch((failure) => {
      if (!existsSync(folder)) throw failure;
    });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  await removeOld(path.dirname(folder));
}

/** Bundles the command line with its libraries, because one file loads faster than hundreds. Each command is a chunk. */
const commandLine = (outdir) =>
  build({
    ...COMMON,
    outdir,
    entryPoints: { gatehouse: 'client/cli/main.ts' },
    format: 'esm',
    splitting: true,
    minifyIdentifiers: true,
    sourcemap: 'linked',
    banner: { js: REQUIRE },
    // The last one is for gRPC's own diagnostics.
    external: ['@temporalio/testing', '@temporalio/worker', 'tsx', '@grpc/proto-loader', 'libsql', 'pg'],
    plugins: [actionCommands(outdir), programsOutside, lighterLibraries],
  });

/** Copies what browsers load of the HTTP door, beside the code that serves it. */
async function pageFiles(outdir) {
  await mkdir(outdir, { recursive: true });
  for (const name of ['page.css', 'page.js']) {
    await copyFile(path.join(root, 'client', 'http', 'page', name), path.join(outdir, name));
  }
}

const PROGRAMS = {
  worker: 'worker/main.ts',
  bundle: 'worker/bundle.ts',
  simulate: 'client/offline/simulate.ts',
  replay: 'client/offline/replay.ts',
  index: 'client/index.ts',
  contracts: 'client/contracts.ts',
};

/**
 * Bundles the programs that load the SDK's worker, and the modules that other programs import. Their libraries stay outside,
 * because two copies of the SDK would not recognise each other's classes.
 */
const programs = (outdir) =>
  build({
    ...COMMON,
    outdir,
    entryPoints: PROGRAMS,
    format: 'esm',
    splitting: true,
    sourcemap: 'linked',
    packages: 'external',
  });

/**
 * Bundles the program that talks to coding agents, with its libraries: it starts once per job, and its parts only when they
 * are needed.
 */
export const agentDriver = (outdir) =>
  build({
    ...COMMON,
    outdir,
    entryPoints: { agent: 'activities/adapters/agents/driver/main.ts' },
    chunkNames: 'agent-[hash]',
    format: 'esm',
    splitting: true,
    minifyIdentifiers: true,
    sourcemap: 'linked',
    banner: { js: REQUIRE },
  });

/** Bundles the converters as CommonJS, because the SDK loads them with `require`. */
const converters = (outdir) =>
  build({
    ...COMMON,
    outdir,
    entryPoints: {
      'payload-converter': 'workflows/temporal/payload-converter.ts',
      'failure-converter': 'workflows/temporal/failure-converter.ts',
    },
    format: 'cjs',
    outExtension: { '.js': '.cjs' },
    packages: 'external',
  });

/** Keeps the programs that the command line imports out of its own bundle. */
const programsOutside = {
  name: 'programs outside',
  setup({ onResolve }) {
    onResolve({ filter: /\/offline\/(simulate|replay)\.ts$/, namespace: 'file' }, ({ path: imported }) => ({
      path: `./${path.basename(imported, '.ts')}.js`,
      external: true,
    }));
  },
};

/**
 * Removes what the command line never needs, which is most of the loading time: everything except the definitions of
 * `@temporalio/workflow`, the languages of `zod`, and Temporal's messages for its cloud and its core.
 */
const lighterLibraries = {
  name: 'lighter libraries',
  setup({ onLoad, onResolve }) {
    onResolve({ filter: /^@temporalio\/workflow$/ }, () => ({
      path: path.join(root, 'client/building/definitions.mjs'),
    }));
    onLoad({ filter: /\.ts$/ }, async ({ path: source }) => {
      const contents = await readFile(source, 'utf8');
      // With a namespace, unlike with zod's own `z`, esbuild can remove what is unused.
      return { contents: contents.replace("import { z } from 'zod';", "import * as z from 'zod';"), loader: 'ts' };
    });
    onLoad({ filter: /@temporalio\/proto\/protos\/json-module\.js$/ }, async ({ path: source }) => {
      const messages = await messagesIn(source);
      delete messages.coresdk;
      delete messages.temporal.nested.api.nested.cloud;
      const text = JSON.stringify(JSON.stringify(messages));
      return {
        contents: `const protobuf = require('protobufjs/light');
module.exports = (protobuf.roots.__temporal ??= new protobuf.Root()).addJSON(JSON.parse(${text}));`,
      };
    });
  },
};

/** Returns the descriptors that a protobufjs module adds to its root. */
async function messagesIn(source) {
  let messages;
  class Root {
    addJSON(added) {
      messages = added;
      return this;
    }
  }
  new Function('require', 'module', await readFile(source, 'utf8'))(() => ({ roots: {}, Root }), {});
  return messages;
}

/** Replaces the code of `action-commands.ts` by its result, so that help does not load the schemas. */
const actionCommands = (outdir) => ({
  name: 'action commands',
  setup({ onLoad }) {
    onLoad({ filter: /\/client\/cli\/action-commands\.ts$/ }, async ({ path: source }) => {
      const outfile = path.join(outdir, 'action-commands.mjs');
      await build({ ...COMMON, entryPoints: [source], outfile, format: 'esm', packages: 'external' });
      const made = await import(pathToFileURL(outfile).href);
      await rm(outfile);
      return { contents: `export const actionCommands = ${JSON.stringify(made.actionCommands)};` };
    });
  },
});

/** Removes builds that were not used for a week. Whoever uses a build touches it daily. */
async function removeOld(dist) {
  for (const name of await readdir(dist)) {
    if (name === 'package') continue;
    const folder = path.join(dist, name);
    const { mtimeMs } = await stat(folder).catch(() => ({ mtimeMs: Infinity }));
    if (mtimeMs < Date.now() - WEEK_MS) await rm(folder, { recursive: true, force: true });
  }
}
