import { checks } from './checks.ts';
import { contents } from './contents.ts';
import { identity } from './identity.ts';
import { issues } from './issues.ts';
import { pulls } from './pulls.ts';

/** All operations of the REST API that the stub knows. */
export const operations = [...identity, ...contents, ...pulls, ...checks, ...issues];
