/** Answers of the GraphQL API, as the component gets them. */
const value = (given) => ({ value: given });
const all = (row) => Object.fromEntries(Object.entries(row).map(([name, given]) => [name, name === 'Id' ? given : value(given)]));
const edges = (rows) => ({ edges: rows.map((node) => ({ node })) });

export const POST = {
    Id: 'a01000000000001', Network__c: 'mastodon', Kind__c: 'post', Text__c: 'Which machine for an office of ten?',
    URL__c: 'https://mastodon.test/@ana/7', Posted_At__c: '2026-03-02T09:15:00.000Z', Intent__c: 'purchase',
    Sentiment__c: 'positive'
};
export const PERSONA = {
    Id: 'a00000000000001', Network__c: 'mastodon', Handle__c: 'ana@mastodon.test', Display_Name__c: 'Ana Petrov',
    Profile_URL__c: 'https://mastodon.test/@ana', Followers__c: 12345, Verified__c: true, Audience__c: 'influencer',
    Influence__c: 71.5, Sentiment_Trend__c: 'rising', Sentiment_Score__c: 0.42, Posts_Seen__c: 23,
    First_Seen__c: '2025-11-20T08:00:00.000Z'
};
export const RECORD = {
    Id: '00Q000000000001', Hub_Intent__c: 'purchase', Hub_Score__c: 0.93, Hub_Grade__c: 'A1', Hub_Fit__c: 70,
    Hub_Behaviour__c: 54.6, Hub_Chance__c: 0.18, Hub_Reasons__c: 'fit firm 25\nbehaviour purchase 54.6',
    Hub_Sentiment_Trend__c: 'rising: 0.42 over the last 5', Hub_Why__c: 'Route purchase-lead@1\nClassifier rules@1',
    Hub_Link__c: 'https://hub.acme.test/command-centre/handoffs/1'
};

/** One answer: the record of the page, and the accounts of the person, each with posts. */
export function answer(object, { record = RECORD, personas = [[PERSONA, [POST]]] } = {}) {
    const query = {
        SocialPersona__c: edges(personas.map(([row, posts]) => ({ ...all(row), SocialPosts__r: edges(posts.map(all)) })))
    };
    if (object !== 'Account') {
        query[object] = edges(record ? [all(record)] : []);
    }
    return { uiapi: { query } };
}
