// Azure's SDK for JavaScript against a server that serve.py has started (VAULT_ADDR, VAULT_TOKEN, its CA as NODE_EXTRA_CA_CERTS), with its check of the challenge on.
'use strict';

const dns = require('node:dns');

// Vaults are hosts below this name; all of them are this machine.
const suffix = 'vault.localhost';
const lookup = dns.lookup;
dns.lookup = (host, options, done) => {
  if (typeof options === 'function') return dns.lookup(host, {}, options);
  if (!host.endsWith('.' + suffix)) return lookup(host, options, done);
  return process.nextTick(() => (options.all ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4)));
};

const assert = require('node:assert/strict');
const test = require('node:test');
const { ClientSecretCredential, ManagedIdentityCredential } = require('@azure/identity');
const { SecretClient } = require('@azure/keyvault-secrets');
const vault = require('node-vault')({ apiVersion: 'v1', endpoint: process.env.VAULT_ADDR, token: process.env.VAULT_TOKEN });

const port = new URL(process.env.VAULT_ADDR).port;
const url = `https://js.${suffix}:${port}`;
const retries = { retryOptions: { maxRetries: 0 } };
const unique = (prefix) => `${prefix}-${process.hrtime.bigint()}`;
let client;
let credential;

test.before(async () => {
  await vault.mount({ mount_point: 'js', type: 'kv', options: { version: '2' } });
  if (!(await vault.auths()).data['approle/']) await vault.enableAuth({ mount_point: 'approle', type: 'approle' });
  await vault.addPolicy({ name: 'azure-all', rules: 'path "*" { capabilities = ["create", "read", "update", "delete", "list"] }' });
  await vault.write('auth/approle/role/js', { token_policies: 'azure-all', token_ttl: '1h' });
  const id = (await vault.read('auth/approle/role/js/role-id')).data.role_id;
  const secret = (await vault.write('auth/approle/role/js/secret-id', {})).data.secret_id;
  credential = new ClientSecretCredential('adfs', id, secret, { authorityHost: `https://login.${suffix}:${port}` });
  client = new SecretClient(url, credential, retries);
});

test('a secret is set, read, changed and listed', async () => {
  const name = unique('s');
  const made = await client.setSecret(name, 'one', { contentType: 'text/plain', tags: { a: '1' }, expiresOn: new Date('2035-01-01') });
  assert.equal(made.properties.id, `${url}/secrets/${name}/${made.properties.version}`);
  const got = await client.getSecret(name);
  assert.deepEqual([got.value, got.properties.contentType, got.properties.tags, got.properties.recoveryLevel], ['one', 'text/plain', { a: '1' }, 'Recoverable+Purgeable']);
  await client.setSecret(name, '');
  assert.equal((await client.getSecret(name)).value, '');
  assert.equal((await client.getSecret(name, { version: made.properties.version })).value, 'one');
  await client.updateSecretProperties(name, made.properties.version, { enabled: false });
  await assert.rejects(client.getSecret(name, { version: made.properties.version }),
    { statusCode: 403, code: 'Forbidden', message: 'Operation get is not allowed on a disabled secret.' });
  const versions = [];
  for await (const each of client.listPropertiesOfSecretVersions(name)) versions.push(each.version);
  assert.equal(versions.length, 2);
});

test('lists go on from page to page', async () => {
  for (let i = 0; i < 7; i++) await client.setSecret(`page-${i}`, 'x');
  const pages = [];
  for await (const page of client.listPropertiesOfSecrets().byPage({ maxPageSize: 3 })) pages.push(page.length);
  assert.ok(pages.length >= 3 && pages.every((n) => n <= 3));
});

test('a secret is deleted, recovered, purged', async () => {
  const name = unique('s');
  await client.setSecret(name, 'x');
  const poller = await client.beginDeleteSecret(name, { intervalInMs: 50 });
  const gone = await poller.pollUntilDone();
  assert.equal(gone.recoveryId, `${url}/deletedsecrets/${name}`);
  await assert.rejects(client.getSecret(name), { statusCode: 404, code: 'SecretNotFound' });
  await assert.rejects(client.setSecret(name, 'y'), { statusCode: 409, code: 'Conflict' });
  const back = await (await client.beginRecoverDeletedSecret(name, { intervalInMs: 50 })).pollUntilDone();
  assert.equal(back.name, name);
  await (await client.beginDeleteSecret(name, { intervalInMs: 50 })).pollUntilDone();
  await client.purgeDeletedSecret(name);
  await assert.rejects(client.getDeletedSecret(name), { statusCode: 404, message: `Deleted Secret not found: ${name}` });
});

test('a backup is restored under the same id', async () => {
  const name = unique('s');
  const made = await client.setSecret(name, 'x');
  const backup = await client.backupSecret(name);
  await assert.rejects(client.restoreSecretBackup(backup), { statusCode: 409 });
  await (await client.beginDeleteSecret(name, { intervalInMs: 50 })).pollUntilDone();
  await client.purgeDeletedSecret(name);
  assert.equal((await client.restoreSecretBackup(backup)).id, made.properties.id);
});

test('a client goes on after its token was revoked', async () => {
  const name = unique('s');
  await client.setSecret(name, 'x');
  const { token } = await credential.getToken(`https://${suffix}:${port}/.default`);
  await vault.write('auth/token/revoke', { token });
  assert.equal((await client.getSecret(name)).value, 'x');
});

test('a managed identity is a token of the server', async () => {
  process.env.IDENTITY_ENDPOINT = `${process.env.VAULT_ADDR}/msi/token`;
  process.env.IDENTITY_HEADER = process.env.VAULT_TOKEN;
  const mine = new SecretClient(url, new ManagedIdentityCredential(), retries);
  const name = unique('s');
  assert.equal((await mine.setSecret(name, 'x')).value, 'x');
});
