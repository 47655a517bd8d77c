// node-vault against a server that serve.py has started (VAULT_ADDR, VAULT_TOKEN, VAULT_CACERT as NODE_EXTRA_CA_CERTS).
'use strict';

const assert = require('node:assert/strict');
const test = require('node:test');
const vaultOf = require('node-vault');

const endpoint = process.env.VAULT_ADDR;
assert.ok(endpoint, 'VAULT_ADDR is not set: run this through tests/functional/serve.py');
// A client takes over the token of a login and of tokenCreate, so whoever makes one takes a client of its own.
const connect = (token = process.env.VAULT_TOKEN) => vaultOf({ apiVersion: 'v1', endpoint, token });
const vault = connect();
let serial = 0;
const unique = (prefix) => `${prefix}-${process.pid}-${serial++}`;

async function refused(promise, status, text) {
  await assert.rejects(promise, (error) => {
    assert.equal(error.response.statusCode, status);
    assert.ok(error.message.includes(text), error.message);
    return true;
  });
}

test('status, health and leader', async () => {
  assert.deepEqual([(await vault.initialized()).initialized, (await vault.status()).sealed], [true, false]);
  const health = await vault.health();
  assert.equal(health.version, '1.18.5');
  assert.equal((await vault.leader()).ha_enabled, false);
});

test('read, write, list and delete', async () => {
  const path = unique('kv');
  await vault.mount({ mount_point: path, type: 'kv' });
  await vault.write(`${path}/app/db`, { user: 'ann', port: 5432 });
  assert.deepEqual((await vault.read(`${path}/app/db`)).data, { user: 'ann', port: 5432 });
  assert.deepEqual((await vault.list(`${path}/app`)).data.keys, ['db']);
  await vault.delete(`${path}/app/db`);
  await refused(vault.read(`${path}/app/db`), 404, 'Status 404');
  assert.equal((await vault.mounts()).data[`${path}/`].type, 'kv');
  await vault.remount({ from: path, to: `${path}-moved` });
  await vault.unmount({ mount_point: `${path}-moved` });
});

test('versions', async () => {
  const path = unique('kv2');
  await vault.mount({ mount_point: path, type: 'kv', options: { version: '2' } });
  assert.equal((await vault.write(`${path}/data/a`, { data: { v: '1' } })).data.version, 1);
  assert.equal((await vault.update(`${path}/data/a`, { data: { w: '2' } })).data.version, 2);
  assert.deepEqual((await vault.read(`${path}/data/a`)).data.data, { v: '1', w: '2' });
  await refused(vault.write(`${path}/data/a`, { data: {}, options: { cas: 0 } }), 400, 'check-and-set parameter did not match the current version');
  await vault.destroySecretVersions({ name: 'a', mount_point: path, versions: [1] }).catch(() => vault.write(`${path}/destroy/a`, { versions: [1] }));
  await vault.unmount({ mount_point: path });
});

test('policies', async () => {
  const name = unique('policy');
  const rules = 'path "secret/*" { capabilities = ["read"] }';
  await vault.addPolicy({ name, rules });
  assert.ok((await vault.policies()).data.policies.includes(name));
  assert.equal((await vault.getPolicy({ name })).data.rules, rules);
  await vault.removePolicy({ name });
});

test('tokens', async () => {
  const made = await connect().tokenCreate({ policies: ['default'], ttl: '1h' });
  const own = connect(made.auth.client_token);
  assert.equal((await own.tokenLookupSelf()).data.accessor, made.auth.accessor);
  await own.tokenRenewSelf({ increment: '2h' });
  assert.deepEqual((await vault.tokenLookup({ token: made.auth.client_token })).data.policies, ['default']);
  assert.ok((await vault.tokenAccessors()).data.keys.includes(made.auth.accessor));
  await vault.tokenLookupAccessor({ accessor: made.auth.accessor });
  await own.tokenRevokeSelf();
  await refused(own.tokenLookupSelf(), 403, 'permission denied');
  const orphan = await connect().tokenCreateOrphan({ policies: ['default'], ttl: '1h' });
  assert.equal(orphan.auth.orphan, true);
  await vault.tokenRevokeAccessor({ accessor: orphan.auth.accessor });
  await vault.addTokenRole({ role_name: 'node-role', orphan: true });
  assert.ok((await vault.tokenRoles()).data.keys.includes('node-role'));
  assert.equal((await vault.getTokenRole({ role_name: 'node-role' })).data.orphan, true);
  await vault.removeTokenRole({ role_name: 'node-role' });
});

test('userpass login', async () => {
  const path = unique('up');
  await vault.enableAuth({ mount_point: path, type: 'userpass' });
  await vault.write(`auth/${path}/users/ann`, { password: 'long enough', policies: 'default' });
  const login = await connect('').userpassLogin({ username: 'ann', password: 'long enough', mount_point: path });
  assert.equal(login.auth.metadata.username, 'ann');
  await refused(connect('').userpassLogin({ username: 'ann', password: 'wrong', mount_point: path }), 400, 'invalid username or password');
  await vault.disableAuth({ mount_point: path });
});

test('approle login', async () => {
  const path = unique('role');
  await vault.enableAuth({ mount_point: path, type: 'approle' });
  await vault.addApproleRole({ mount_point: path, role_name: 'web', policies: 'default' });
  const role = (await vault.getApproleRoleId({ mount_point: path, role_name: 'web' })).data.role_id;
  const secret = (await vault.getApproleRoleSecret({ mount_point: path, role_name: 'web' })).data.secret_id;
  const login = await connect('').approleLogin({ mount_point: path, role_id: role, secret_id: secret });
  assert.equal(login.auth.metadata.role_name, 'web');
  await vault.approleSecretLookup({ mount_point: path, role_name: 'web', secret_id: secret });
  await vault.approleSecretDestroy({ mount_point: path, role_name: 'web', secret_id: secret });
  await refused(connect('').approleLogin({ mount_point: path, role_id: role, secret_id: secret }), 400, 'invalid role or secret ID');
  await vault.disableAuth({ mount_point: path });
});

test('wrapping', async () => {
  const wrapped = await connect().tokenCreate({ policies: ['default'], ttl: '1h', requestOptions: { headers: { 'X-Vault-Wrap-TTL': '60s' } } });
  assert.ok(wrapped.wrap_info.token);
  const inside = await connect(wrapped.wrap_info.token).unwrap();
  assert.ok(inside.auth.client_token);
});

test('audit devices', async () => {
  const name = unique('audit');
  await vault.enableAudit({ name, type: 'file', options: { path: `${process.env.COFFER_DIR}/audit/${name}.log` } });
  assert.ok((await vault.audits()).data[`${name}/`]);
  await vault.disableAudit({ name });
});

test('generate-root is begun and cancelled', async () => {
  const begun = await vault.generateRootInit('attempt').catch(() => vault.write('sys/generate-root/attempt', {}));
  assert.equal(begun.started, true);
  await vault.delete('sys/generate-root/attempt');
});

test('rotate', async () => {
  await vault.rotate();
  assert.ok((await vault.read('sys/key-status')).data.term >= 2);
});
