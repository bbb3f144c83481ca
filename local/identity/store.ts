import { newOcid } from '../ids.ts';
import type { Table } from '../table.ts';
import { crossTenancyStatements } from './cross-tenancy.ts';

export interface Tenancy {
  readonly id: string;
  readonly name: string;
  /** The Object Storage namespace, one per tenancy. */
  readonly namespace: string;
  /** Region where IAM is written: `us-ashburn-1`. */
  readonly homeRegion: string;
  /** Regions the tenancy is subscribed to, by name, once somebody said so; without it all of the cloud's. */
  readonly subscriptions?: readonly string[] | undefined;
}

export interface Compartment {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  /** The compartment it lies in; the tenancy at the top. */
  readonly parentId: string;
  readonly timeCreated: string;
}

export interface Policy {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly compartmentId: string;
  readonly statements: readonly string[];
  readonly timeCreated: string;
}

export interface DynamicGroup {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  /** The tenancy. */
  readonly compartmentId: string;
  readonly matchingRule: string;
  readonly timeCreated: string;
}

/** Tenancies, compartments, dynamic groups and policies: global, as in OCI. */
export class IdentityStore {
  readonly tenancies: Table<Tenancy>;
  readonly compartments: Table<Compartment>;
  readonly policies: Table<Policy>;
  readonly dynamicGroups: Table<DynamicGroup>;

  constructor(tables: {
    tenancies: Table<Tenancy>;
    compartments: Table<Compartment>;
    policies: Table<Policy>;
    dynamicGroups: Table<DynamicGroup>;
  }) {
    this.tenancies = tables.tenancies;
    this.compartments = tables.compartments;
    this.policies = tables.policies;
    this.dynamicGroups = tables.dynamicGroups;
  }

  tenancyOfNamespace(namespace: string): Tenancy | undefined {
    return Array.from(this.tenancies.values()).find((tenancy) => tenancy.namespace === namespace);
  }

  isSubscribed({ subscriptions }: Tenancy, regionName: string): boolean {
    return subscriptions?.includes(regionName) ?? true;
  }

  /** The tenancy a compartment (or the tenancy itself) belongs to. */
  tenancyOf(compartmentId: string): Tenancy | undefined {
    let id = compartmentId;
    // Compartments nest at most six deep in OCI; the bound keeps a damaged table from looping.
    for (let depth = 0; depth < 10; depth += 1) {
      const tenancy = this.tenancies.get(id);
      if (tenancy) return tenancy;
      const compartment = this.compartments.get(id);
      if (!compartment) return undefined;
      id = compartment.parentId;
    }
    return undefined;
  }

  /** Is `compartmentId` the ancestor itself or somewhere below it? */
  isWithin(compartmentId: string, ancestorId: string): boolean {
    let id: string | undefined = compartmentId;
    for (let depth = 0; id !== undefined && depth < 10; depth += 1) {
      if (id === ancestorId) return true;
      id = this.compartments.get(id)?.parentId;
    }
    return false;
  }

  addCompartment(name: string, parentId: string, description = name): Compartment {
    const id = newOcid('compartment');
    return this.compartments.set(id, {
      id,
      name,
      description,
      parentId,
      timeCreated: new Date().toISOString(),
    });
  }

  addPolicy(name: string, compartmentId: string, statements: readonly string[], description = name): Policy {
    const id = newOcid('policy');
    const policy = {
      id,
      name,
      description,
      compartmentId,
      statements,
      timeCreated: new Date().toISOString(),
    };
    return this.policies.set(id, policy);
  }

  /**
   * May Object Storage of `region` copy in `compartmentId`? Only with the documented service policy there or above:
   * `Allow service objectstorage-<region> to manage object-family in tenancy | compartment …`.
   */
  allowsCopy(region: string, compartmentId: string): boolean {
    const wanted = new RegExp(
      `^allow\\s+service\\s+objectstorage-${region}\\s+to\\s+manage\\s+object-family\\s+in\\s+`,
      'i',
    );
    return Array.from(this.policies.values()).some(
      (policy) =>
        this.isWithin(compartmentId, policy.compartmentId) &&
        policy.statements.some((statement) => wanted.test(statement.trim())),
    );
  }

  /**
   * May callers of `tenancyId` use the objects in a compartment of another tenancy? Only where a policy of theirs
   * endorses it and one there, at the compartment or above, admits it. To write takes `manage` on both sides: `use`
   * creates and deletes nothing. Which group is meant counts for nothing: there are no groups here.
   */
  admitsToObjects(tenancyId: string, compartmentId: string, access: 'read' | 'write'): boolean {
    const ownerId = this.tenancyOf(compartmentId)?.id;
    const allows = (kind: 'endorse' | 'admit', otherId: string | undefined, policy: Policy) =>
      crossTenancyStatements(policy.statements).some(
        (statement) =>
          statement.kind === kind &&
          (access === 'read' || statement.verb === 'manage') &&
          (statement.tenancyId === undefined || statement.tenancyId === otherId),
      );
    const policies = Array.from(this.policies.values());
    return (
      policies.some(
        (policy) => this.isWithin(policy.compartmentId, tenancyId) && allows('endorse', ownerId, policy),
      ) &&
      policies.some(
        (policy) => this.isWithin(compartmentId, policy.compartmentId) && allows('admit', tenancyId, policy),
      )
    );
  }
}
