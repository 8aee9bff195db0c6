#!/usr/bin/env node
// Starts the command line from its build: the packaged one or, in a checkout, one that is made from the sources.
import { existsSync } from 'node:fs';
import module from 'node:module';
import { homedir } from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const isCheckout = existsSync(new URL('./main.ts', import.meta.url));
const build = isCheckout
  ? await (await import('../building/checkout.mjs')).checkoutBuild()
  : fileURLToPath(new URL('../../dist/package', import.meta.url));

// V8 caches compiled code (Node 22.1 and later). The cache is in the user's own folder, where nobody else can write.
const cache = process.env.XDG_CACHE_HOME || path.join(homedir(), '.cache');
module.enableCompileCache?.(process.env.NODE_COMPILE_CACHE || path.join(cache, 'gatehouse', 'compiled'));

const { main } = await import(pathToFileURL(path.join(build, 'gatehouse.js')).href);
process.exitCode = await main(process.argv);
