// `npm run papers`: generates the tables of CONFIGURATION.md from the schemas and the comments above their keys.
import { readFileSync, writeFileSync } from 'node:fs';
import { refreshed } from './configuration.ts';

const paper = new URL('../../CONFIGURATION.md', import.meta.url);
writeFileSync(paper, refreshed(readFileSync(paper, 'utf8')));
