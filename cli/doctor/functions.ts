import type { models } from 'oci-functions';
import type { LedgerAddress } from '../../shared/oci/documents.ts';
import { shellWord } from '../../shared/shell-word.ts';
import { FUNCTION_SETTINGS, type FunctionSettings } from '../function-settings.ts';
import { type DeployedApplication, type Facts, ownFunctions } from './facts.ts';
import { type Check, type Finding, ok } from './finding.ts';

/** OCI's limit on the keys and values of a function's configuration, those of its application among them. */
const MAX_CONFIG_BYTES = 4096;
const ADVANCE_RUNS = 'advance-runs';

export const functionsCheck = (facts: Facts): Check => ({
  name: 'functions',
  right: `read functions-family in compartment id ${facts.deployment.config.compartmentId}`,
  async run() {
    const { config, ledger } = facts.deployment;
    const found = await facts.application();
    if (!found) return [unknownFunction(config.advanceRunsFunctionId, await facts.compartmentId())];
    const findings = [
      ...misnamed(found, config.advanceRunsFunctionId),
      ...Object.entries(FUNCTION_SETTINGS).flatMap(([name, settings]) =>
        functionFindings(found, name, settings),
      ),
      ...configFindings(found, ledger),
      ...versions(found),
    ];
    return findings.length > 0 ? findings : [ok(wellText(found))];
  },
});

/** `…/byoi/import-image:0.1.0` → `0.1.0` */
const tagOf = ({ image = '' }: models.Function) => /:([^:/@]+)$/.exec(image)?.[1] ?? image;

const tagsOf = (found: DeployedApplication) => Array.from(new Set(ownFunctions(found).map(tagOf)));

const wellText = (found: DeployedApplication) =>
  `${ownFunctions(found).length} in the application ${found.application.displayName}, images ${tagsOf(found).join(', ')}`;

const unknownFunction = (id: string, compartmentId: string): Finding => ({
  level: 'problem',
  code: 'FUNCTIONS_MISSING',
  sentence: `advanceRunsFunctionId of config.json is ${id}, which is no function that there is in ${compartmentId}.`,
  remedy: 'Deploy the functions, and write the OCID of advance-runs into config.json.',
});

function misnamed({ functions }: DeployedApplication, id: string): Finding[] {
  const named = functions.find((one) => one.id === id)?.displayName ?? '';
  if (named === ADVANCE_RUNS) return [];
  const right = functions.find(({ displayName }) => displayName === ADVANCE_RUNS)?.id;
  return [
    {
      level: 'problem',
      code: 'ADVANCE_RUNS_MISNAMED',
      sentence: `advanceRunsFunctionId of config.json is the function ${named}: nobody drives the runs on.`,
      remedy: `Write the OCID of ${ADVANCE_RUNS} there${right ? `: ${right}` : ''}.`,
    },
  ];
}

function functionFindings(
  { application, functions }: DeployedApplication,
  name: string,
  settings: FunctionSettings,
): Finding[] {
  const found = functions.find(({ displayName }) => displayName === name);
  if (!found)
    return [
      {
        level: 'problem',
        code: 'FUNCTIONS_MISSING',
        sentence: `There is no function ${name} in the application ${application.displayName}.`,
        remedy: `Deploy it there under this very name: ${deployCommand(application, name)}.`,
      },
    ];
  return settingsFindings(application, found, settings);
}

/** Or the stack is applied again, where Terraform made it. */
const deployCommand = ({ displayName = '' }: models.Application, name: string): string =>
  `\`fn deploy --app ${shellWord(displayName)} --no-bump --build-arg FUNCTION=${name}\` (docs/deploy.md), or apply the stack`;

/** The smallest that will do: more is somebody's choice. */
function settingsFindings(
  application: models.Application,
  found: models.Function,
  settings: FunctionSettings,
): Finding[] {
  const { displayName = '', lifecycleState } = found;
  const wanted = Object.entries(settings) as [keyof FunctionSettings, number][];
  const short = wanted.filter(([key, least]) => (found[key] ?? 0) < least);
  const inactive: Finding = {
    level: 'problem',
    code: 'FUNCTION_SETTINGS',
    sentence: `The function ${displayName} is ${lifecycleState}.`,
    remedy: `Deploy it again: ${deployCommand(application, displayName)}.`,
  };
  const less: Finding = {
    level: 'problem',
    code: 'FUNCTION_SETTINGS',
    sentence: `The function ${displayName} has ${short.map(([key]) => `${key} ${found[key]}`).join(', ')}, and needs ${short.map(([key, least]) => `${key} ${least}`).join(', ')}.`,
    remedy: `Deploy it again as its func.yaml says: ${deployCommand(application, displayName)}.`,
  };
  return [
    ...(lifecycleState && lifecycleState !== 'ACTIVE' && lifecycleState !== 'UPDATING' ? [inactive] : []),
    ...(short.length > 0 ? [less] : []),
  ];
}

function configFindings(found: DeployedApplication, ledger: LedgerAddress): Finding[] {
  const wanted = {
    BYOI_LEDGER_REGION: ledger.region,
    BYOI_LEDGER_NAMESPACE: ledger.namespace,
    BYOI_LEDGER_BUCKET: ledger.bucket,
  };
  return [
    ...Object.entries(wanted).flatMap(([key, value]) => keyFindings(found, key, value)),
    ...ownFunctions(found).flatMap((one) => sizeFindings(found.application, one)),
  ];
}

/** A function's own key goes before the application's. */
function keyFindings(found: DeployedApplication, key: string, value: string): Finding[] {
  const { application } = found;
  const lacking = ownFunctions(found).filter(({ config }) => !(config?.[key] || application.config?.[key]));
  const ofAll = application.config?.[key];
  const others = ownFunctions(found).filter(({ config }) => config?.[key] && config[key] !== value);
  const forAll = `\`${['fn', 'config', 'app', application.displayName ?? '', key, value].map(shellWord).join(' ')}\``;
  const findings: Finding[] = others.map(({ displayName = '', config }) => ({
    level: 'problem',
    code: 'FUNCTION_CONFIG_DIFFERS',
    sentence: differs(`${key} of ${displayName}`, config?.[key], value),
    remedy: `\`${['fn', 'delete', 'config', 'function', application.displayName ?? '', displayName, key].map(shellWord).join(' ')}\`: the application's is enough.`,
  }));
  if (lacking.length > 0)
    findings.push({
      level: 'problem',
      code: 'FUNCTION_CONFIG_MISSING',
      sentence: `The configuration of ${lacking.map(({ displayName }) => displayName).join(', ')} has no ${key}: they do not start.`,
      remedy: forAll,
    });
  if (ofAll && ofAll !== value)
    findings.push({
      level: 'problem',
      code: 'FUNCTION_CONFIG_DIFFERS',
      sentence: differs(`${key} of the application`, ofAll, value),
      remedy: forAll,
    });
  return findings;
}

const differs = (what: string, found: string | undefined, wanted: string) =>
  `${what} is ${found}, and this ledger's is ${wanted}: it is another deployment's, or a mistake.`;

function sizeFindings(application: models.Application, { displayName, config }: models.Function): Finding[] {
  const entries = [application.config ?? {}, config ?? {}].flatMap(Object.entries<string>);
  const bytes = Buffer.byteLength(entries.flat().join(''));
  if (bytes <= MAX_CONFIG_BYTES) return [];
  return [
    {
      level: 'problem',
      code: 'FUNCTION_CONFIG_TOO_LARGE',
      sentence: `The configuration of ${displayName} with that of its application takes ${bytes} bytes, and OCI Functions gives ${MAX_CONFIG_BYTES}.`,
      remedy: 'Take keys away that are not in docs/configuration.md; all other settings are in config.json.',
    },
  ];
}

function versions(found: DeployedApplication): Finding[] {
  const tags = tagsOf(found);
  if (tags.length < 2) return [];
  return [
    {
      level: 'warning',
      code: 'FUNCTION_VERSIONS_DIFFER',
      sentence: `The functions' images are of different versions: ${ownFunctions(found)
        .map((one) => `${one.displayName} ${tagOf(one)}`)
        .join(', ')}.`,
      remedy: 'Deploy all four from one version.',
    },
  ];
}
