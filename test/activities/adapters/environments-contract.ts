import type { Environments } from '../../../activities/ports.ts';
import type { EnvironmentReport, EnvironmentRequest } from '../../../workflows/contracts/activities.ts';
import { until } from '../../support/until.ts';

/** The needs of the suite for environments: a provider, and a change that can be shown. */
export interface EnvironmentsRig {
  environments: Environments;
  request: EnvironmentRequest;
  dispose(): Promise<void>;
}

/** What every provider of environments must do. */
export function environmentsContract(name: string, rigOf: () => Promise<EnvironmentsRig>): void {
  describe(`environments ${name}`, () => {
    let rig: EnvironmentsRig;
    beforeEach(async () => void (rig = await rigOf()));
    afterEach(() => rig.dispose());

    const settled = (): Promise<EnvironmentReport> =>
      until('it settles', async () => {
        const report = await rig.environments.look(rig.request.key);
        return report.is === 'provisioning' ? undefined : report;
      });

    it('come up once per key, and stay removed [A-200]', async () => {
      const { environments, request } = rig;
      expect(await environments.examine(request.change)).toMatchObject({ configured: true, fields: [] });
      expect(await environments.look(request.key)).toMatchObject({ is: 'gone' });
      await environments.ensure(request);
      const first = await settled();
      expect(first).toMatchObject({ is: 'live', url: expect.stringMatching(/^http:\/\//) });
      await environments.ensure(request);
      expect(await environments.look(request.key)).toEqual(first);

      expect(await environments.list()).toEqual([request.key]);
      await environments.remove(request.key);
      expect(await environments.list()).toEqual([]);
      expect(await environments.look(request.key)).toMatchObject({ is: 'gone' });
      await environments.remove(request.key);
      await environments.ensure(request);
      expect(await environments.look(request.key)).toMatchObject({ is: 'gone' });
    });

    it('that never existed can be removed', async () => {
      await rig.environments.remove('never');
      expect(await rig.environments.look('never')).toMatchObject({ is: 'gone' });
    });
  });
}
