import { gitea } from './gitea/index.ts';
import { github } from './github/index.ts';
import { local } from './local/index.ts';
import { mail } from './mail/index.ts';
import { slack } from './slack/index.ts';
import { webhook } from './webhook/index.ts';

/**
 * The vendors by name. To add one: write its folder, list it here, and run the suite of each port that it serves
 * (`test/activities/adapters/`).
 */
export const VENDORS = { local, github, gitea, webhook, slack, mail };
