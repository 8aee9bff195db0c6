#!/usr/bin/env node
import { register as registerRequire } from 'tsx/cjs/api';
import { register as registerImport } from 'tsx/esm/api';

registerRequire();
registerImport();
const { main } = await import('./main.ts');
process.exitCode = await main(process.argv);
