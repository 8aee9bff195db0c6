/** The special files of the large repository: settings, an agent that ends at once, and a preview. */
export const SETTINGS = `checks:
  one: test -d src
  two: test -f agent.mjs
environment: { start: 'exec node server.mjs', ready: / }
agents: { default: node agent.mjs }
`;

export const AGENT = `
import { readFileSync, writeFileSync } from 'node:fs';
const job = JSON.parse(readFileSync(process.env.GATEHOUSE_JOB, 'utf8'));
const outputs = {
  reviewer: { rating: 0.9, summary: 'fine' },
  merger: { complexity: 0.1, risk: 0.1, impact: 0.1, rationale: 'small' },
};
if (job.role === 'coder') writeFileSync('made-for-' + job.task.id + '.txt', 'made\\n');
writeFileSync(process.env.GATEHOUSE_RESULT, JSON.stringify({ summary: 'done', output: outputs[job.role] }));
`;

export const SERVER = `
import { createServer } from 'node:http';
createServer((_, response) => response.end('the change')).listen(Number(process.env.PORT), '127.0.0.1');
`;
