import type { ProductionSource, Variable } from '../../../../services/platform/chassis/process/manifest.ts';
import { Secret } from '../../../../services/platform/chassis/process/secret.ts';
import { serviceNames } from '../../../../services/platform/contracts/services.ts';
import { manifestOf } from '../../../environments/manifests.ts';
import { masked } from '../../cloud/messages/mask-message.ts';
import { HttpProblem } from '../../shared/http/http-problem.ts';
import type { JsonRoute } from '../../shared/http/json-server.ts';
import type { SettingRow } from '../api.ts';
import type { ConsolePlatform } from '../console-platform.ts';

/** The environment of each service, with where its values come from. */
export function settingsRoute({ environmentOf }: Pick<ConsolePlatform, 'environmentOf'>): JsonRoute {
  return {
    method: 'GET',
    path: '/api/settings/{service}',
    handle: ({ params }) => {
      const service = serviceNames.find((name) => name === params['service']);
      if (service === undefined) throw new HttpProblem(404, 'not_found', `There is no service "${params['service']}".`);
      return { status: 200, body: { settings: settingsOf(service, environmentOf(service)) } };
    },
  };
}

/** What is a secret in production, or is read as a text that hides itself, is masked. */
export function settingsOf(service: string, environment: Readonly<Record<string, string>>): SettingRow[] {
  const own: Readonly<Record<string, Variable>> = manifestOf(service).variables;
  return Object.entries(environment)
    .map(([name, value]): SettingRow => {
      const variable = own[name];
      const isOwn = variable !== undefined;
      const isSecret = isOwn && (isSecretSource(variable.production) || holdsSecret(variable.type.safeParse(value).data));
      return {
        name,
        value: isSecret ? masked : value,
        from: isOwn ? `services/${service}/manifest.ts` : 'every service has it',
        production: isOwn ? inProduction(service, name, variable.production) : '',
      };
    })
    .toSorted(
      (a, b) => Number(a.from === 'every service has it') - Number(b.from === 'every service has it') || a.name.localeCompare(b.name),
    );
}

/** Whether a value is a secret, or has one in it. */
function holdsSecret(value: unknown): boolean {
  if (value instanceof Secret) return true;
  return typeof value === 'object' && value !== null && Object.values(value).some(holdsSecret);
}

function isSecretSource(source: ProductionSource): source is { readonly secret: string } {
  return typeof source === 'object' && 'secret' in source;
}

function inProduction(service: string, name: string, source: ProductionSource): string {
  if (typeof source === 'function') return 'made of what is around';
  if (isSecretSource(source)) return `Secret Manager: ${source.secret}`;
  return `settings.${service}.${name} in deploy/environments`;
}
