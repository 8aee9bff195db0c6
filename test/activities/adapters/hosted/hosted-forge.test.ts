import { jest } from '@jest/globals';
import { forgeContract } from '../forge-contract.ts';
import { hostedRig } from './rig.ts';

jest.setTimeout(60_000);

forgeContract('a hosted one, with git over HTTP', () => hostedRig({ wire: true }));
