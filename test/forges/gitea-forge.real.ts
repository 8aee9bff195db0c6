import { jest } from '@jest/globals';
import { giteaRig } from '../support/gitea/forge-rig.ts';
import { GiteaServer } from '../support/gitea/server.ts';
import { forgeContract } from '../activities/adapters/forge-contract.ts';

jest.setTimeout(120_000);

let server: GiteaServer;
beforeAll(async () => {
  server = await GiteaServer.start();
});
afterAll(() => server.stop());

forgeContract('a real Gitea', () => giteaRig(server));
