// A SCRIPTED agent: it plays every role by script, without any model. Its work is real: it edits files, runs tests and
// resolves conflicts, and leaves the rest (committing, pushing, merging) to gatehouse.
import { writeFileSync } from 'node:fs';
import { change } from './roles/change.mjs';
import { checking } from './roles/checking.mjs';
import { job } from './roles/shared.mjs';
import { planning } from './roles/planning.mjs';
import { questions, rank } from './roles/questions.mjs';
import { writing } from './roles/writing.mjs';

const roles = { ...change, ...writing, ...planning, ...questions, ...checking };

const play = rank() ?? roles[job.role];
if (!play) {
  console.error(`The scripted agent does not know the role ${job.role}.`);
  process.exit(1);
}
const result = { ...(await play()), usage: { inputTokens: 0, outputTokens: 0, costCents: 0 } };
writeFileSync(process.env.GATEHOUSE_RESULT, JSON.stringify(result));
