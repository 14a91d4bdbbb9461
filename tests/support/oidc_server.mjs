// A real OpenID provider for the tests, with people and tokens that live as long as the process.
//
// Configured by one line of JSON on standard input: {"port", "accounts": {login: {"password", ...claims}},
// "accessTokenSeconds"}. Clients register themselves (POST /reg). Every client has to use PKCE, consent is given by
// signing in, and a refresh token works once. PUT /people/<login> adds or changes a person; DELETE /grants/<login>
// takes back every token of one.

import { createServer } from "node:http";
import { createInterface } from "node:readline";

import { Provider } from "oidc-provider";

const first = await createInterface({ input: process.stdin })[Symbol.asyncIterator]().next();
const { port, accounts, accessTokenSeconds } = JSON.parse(first.value);
const issuer = `http://127.0.0.1:${port}`;
const people = new Map(Object.entries(accounts));
const grants = new Map();

const provider = new Provider(issuer, {
  claims: {
    openid: ["sub"],
    email: ["email", "email_verified"],
    profile: ["name", "given_name", "family_name", "preferred_username"],
  },
  cookies: { keys: ["of the tests"] },
  features: {
    devInteractions: { enabled: false },
    introspection: { enabled: true },
    registration: { enabled: true },
    revocation: { enabled: true },
    rpInitiatedLogout: { enabled: false },
  },
  findAccount: (_context, login) => {
    const person = people.get(login);
    return person && { accountId: login, claims: () => ({ ...claimsOf(person), sub: login }) };
  },
  interactions: { url: (_context, interaction) => `/sign-in/${interaction.uid}` },
  pkce: { required: () => true },
  rotateRefreshToken: () => true,
  ttl: { AccessToken: accessTokenSeconds, Grant: 86400, Interaction: 600, RefreshToken: 86400, Session: 600 },
});

function claimsOf({ password: _password, ...claims }) {
  return claims;
}

const page = (message) => `<!doctype html><html lang="en"><title>Test provider</title>
<h1>Test provider</h1><p role="alert">${message}</p>
<form method="post"><label>Login <input name="login"></label>
<label>Password <input name="password" type="password"></label>
<button name="answer" value="yes">Sign in</button> <button name="answer" value="no">Refuse</button></form></html>`;

async function bodyOf(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

async function signIn(request, response) {
  const interaction = await provider.interactionDetails(request, response);
  const show = (status, message) =>
    response.writeHead(status, { "Content-Type": "text/html; charset=utf-8" }).end(page(message));
  if (request.method !== "POST") return show(200, "");
  const form = new URLSearchParams(await bodyOf(request));
  if (form.get("answer") === "no") {
    const refusal = { error: "access_denied", error_description: "The person refused." };
    return provider.interactionFinished(request, response, refusal, { mergeWithLastSubmission: false });
  }
  const login = form.get("login") ?? "";
  if (!people.has(login) || people.get(login).password !== form.get("password")) return show(422, "That is wrong.");
  const grant = new provider.Grant({ accountId: login, clientId: interaction.params.client_id });
  grant.addOIDCScope(interaction.params.scope);
  const grantId = await grant.save();
  grants.set(login, [...(grants.get(login) ?? []), grantId]);
  return provider.interactionFinished(request, response, { login: { accountId: login }, consent: { grantId } });
}

async function revoke(login) {
  for (const id of grants.get(login) ?? []) {
    await (await provider.Grant.find(id))?.destroy();
    await Promise.all(
      [provider.AccessToken, provider.RefreshToken, provider.AuthorizationCode].map((kind) => kind.revokeByGrantId(id)),
    );
  }
  grants.delete(login);
}

async function answer(request, response) {
  const [, room, name] = request.url.split("/");
  if (room === "sign-in") return signIn(request, response);
  if (room === "people" && request.method === "PUT") people.set(name, JSON.parse(await bodyOf(request)));
  else if (room === "grants" && request.method === "DELETE") await revoke(name);
  else return provider.callback()(request, response);
  return response.writeHead(204).end();
}

createServer((request, response) => {
  answer(request, response).catch((error) => response.writeHead(500).end(String(error?.stack ?? error)));
}).listen(port, "127.0.0.1", () => console.log(`listening ${issuer}`));
