// `npm run papers`: generates the tables of CONFIGURATION.md and the variables of .env.example from the schemas and the
// comments above their keys.
import { readFileSync, writeFileSync } from 'node:fs';
import { refreshed } from './configuration.ts';
import { sampleRefreshed } from './variables.ts';

const rewrite = (name: string, anew: (text: string) => string) => {
  const file = new URL(`../../${name}`, import.meta.url);
  writeFileSync(file, anew(readFileSync(file, 'utf8')));
};
rewrite('CONFIGURATION.md', refreshed);
rewrite('.env.example', sampleRefreshed);
