// `npm run papers`: makes the tables of CONFIGURATION.md anew, from the schemas and the comments above their keys.
import { readFileSync, writeFileSync } from 'node:fs';
import { refreshed } from './configuration.ts';

const paper = new URL('../../CONFIGURATION.md', import.meta.url);
writeFileSync(paper, refreshed(readFileSync(paper, 'utf8')));
