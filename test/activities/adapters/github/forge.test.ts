import { githubForgeRig } from '../../../support/github/forge-rig.ts';
import { forgeContract } from '../forge-contract.ts';

forgeContract('GitHub', githubForgeRig);
