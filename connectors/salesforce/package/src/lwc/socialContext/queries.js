/**
 * What the component asks for: one query for each object, answered by Salesforce's own GraphQL API under the rights of
 * whoever looks. A field that the permission set hides is an error, not a leak.
 */
import { gql } from 'lightning/graphql';

const LEAD = gql`
    query socialContextOfLead($id: ID) {
        uiapi {
            query {
                Lead(where: { Id: { eq: $id } }, first: 1) {
                    edges {
                        node {
                            Id
                            Hub_Intent__c { value }
                            Hub_Score__c { value }
                            Hub_Grade__c { value }
                            Hub_Fit__c { value }
                            Hub_Behaviour__c { value }
                            Hub_Chance__c { value }
                            Hub_Reasons__c { value }
                            Hub_Sentiment_Trend__c { value }
                            Hub_Why__c { value }
                            Hub_Link__c { value }
                        }
                    }
                }
                SocialPersona__c(
                    where: { Lead__c: { eq: $id } }
                    first: 5
                    orderBy: { Last_Seen__c: { order: DESC, nulls: LAST } }
                ) {
                    edges {
                        node {
                            Id
                            Network__c { value }
                            Handle__c { value }
                            Display_Name__c { value }
                            Profile_URL__c { value }
                            Followers__c { value }
                            Verified__c { value }
                            Audience__c { value }
                            Influence__c { value }
                            Sentiment_Trend__c { value }
                            Sentiment_Score__c { value }
                            Posts_Seen__c { value }
                            First_Seen__c { value }
                            SocialPosts__r(first: 5, orderBy: { Posted_At__c: { order: DESC, nulls: LAST } }) {
                                edges {
                                    node {
                                        Id
                                        Network__c { value }
                                        Kind__c { value }
                                        Text__c { value }
                                        URL__c { value }
                                        Posted_At__c { value }
                                        Intent__c { value }
                                        Sentiment__c { value }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
`;

const CONTACT = gql`
    query socialContextOfContact($id: ID) {
        uiapi {
            query {
                Contact(where: { Id: { eq: $id } }, first: 1) {
                    edges {
                        node {
                            Id
                            Hub_Intent__c { value }
                            Hub_Score__c { value }
                            Hub_Grade__c { value }
                            Hub_Fit__c { value }
                            Hub_Behaviour__c { value }
                            Hub_Chance__c { value }
                            Hub_Reasons__c { value }
                            Hub_Sentiment_Trend__c { value }
                            Hub_Why__c { value }
                            Hub_Link__c { value }
                        }
                    }
                }
                SocialPersona__c(
                    where: { Contact__c: { eq: $id } }
                    first: 5
                    orderBy: { Last_Seen__c: { order: DESC, nulls: LAST } }
                ) {
                    edges {
                        node {
                            Id
                            Network__c { value }
                            Handle__c { value }
                            Display_Name__c { value }
                            Profile_URL__c { value }
                            Followers__c { value }
                            Verified__c { value }
                            Audience__c { value }
                            Influence__c { value }
                            Sentiment_Trend__c { value }
                            Sentiment_Score__c { value }
                            Posts_Seen__c { value }
                            First_Seen__c { value }
                            SocialPosts__r(first: 5, orderBy: { Posted_At__c: { order: DESC, nulls: LAST } }) {
                                edges {
                                    node {
                                        Id
                                        Network__c { value }
                                        Kind__c { value }
                                        Text__c { value }
                                        URL__c { value }
                                        Posted_At__c { value }
                                        Intent__c { value }
                                        Sentiment__c { value }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
`;

const ACCOUNT = gql`
    query socialContextOfAccount($id: ID) {
        uiapi {
            query {
                SocialPersona__c(
                    where: { or: [{ Account__c: { eq: $id } }, { Contact__r: { AccountId: { eq: $id } } }] }
                    first: 5
                    orderBy: { Last_Seen__c: { order: DESC, nulls: LAST } }
                ) {
                    edges {
                        node {
                            Id
                            Network__c { value }
                            Handle__c { value }
                            Display_Name__c { value }
                            Profile_URL__c { value }
                            Followers__c { value }
                            Verified__c { value }
                            Audience__c { value }
                            Influence__c { value }
                            Sentiment_Trend__c { value }
                            Sentiment_Score__c { value }
                            Posts_Seen__c { value }
                            First_Seen__c { value }
                            SocialPosts__r(first: 5, orderBy: { Posted_At__c: { order: DESC, nulls: LAST } }) {
                                edges {
                                    node {
                                        Id
                                        Network__c { value }
                                        Kind__c { value }
                                        Text__c { value }
                                        URL__c { value }
                                        Posted_At__c { value }
                                        Intent__c { value }
                                        Sentiment__c { value }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
`;

export const QUERIES = { Lead: LEAD, Contact: CONTACT, Account: ACCOUNT };
