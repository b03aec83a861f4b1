use std::collections::BTreeSet;
use std::sync::Arc;

use aws_sim::{Faults, Sim};
use protocol::frame::{Assembler, Channel, Completeness};
use serde_json::{Value, json};

use crate::support::{good, logs, messages, page, refused, seconds, start, stream};

#[tokio::test(start_paused = true)]
async fn the_same_token_at_the_end_later_yields_what_came_later() {
    let sim = Sim::new(1, Faults::none());
    let id = start(&sim, "key", "print --lines=60 --errors=0 --rate=1").await;
    assert_eq!(refused(page(&sim, &id, None).await), "ResourceNotFoundException");
    let mut token: Option<String> = None;
    let (mut read, mut ends) = (Vec::new(), 0);
    while sim.task(&id).unwrap().stopped.unwrap() > sim.now() {
        seconds(1).await;
        let Ok((200, page)) = page(&sim, &id, token.as_deref()).await else {
            continue;
        };
        let next = page["nextForwardToken"].as_str().unwrap().to_owned();
        let news = messages(&page);
        if token.as_ref() == Some(&next) {
            ends += 1;
        }
        assert_eq!(news.is_empty(), token.as_ref() == Some(&next));
        read.extend(news);
        token = Some(next);
    }
    assert_eq!(read.len(), 61);
    assert!(ends > 10, "the end was reached {ends} times");
}

#[tokio::test(start_paused = true)]
async fn pages_are_cut_and_read_back_whole_in_both_ways_of_reading() {
    let sim = Sim::new(2, Faults::none());
    let id = start(&sim, "key", "print --lines=14000 --errors=0 --width=200").await;
    seconds(200).await;
    let mut assembler = Assembler::new();
    let mut text = Vec::new();
    let (mut token, mut pages) = (None, 0);
    loop {
        let page = good(page(&sim, &id, token.as_deref()).await);
        let next = Some(page["nextForwardToken"].as_str().unwrap().to_owned());
        for message in messages(&page) {
            assembler.push(&message, |chunk| chunk.append_to(&mut text)).unwrap();
        }
        if next == token {
            break;
        }
        (token, pages) = (next, pages + 1);
    }
    assert!(pages >= 3, "{pages} pages");
    assert!(matches!(assembler.finish(|_| ()), Completeness::Complete { .. }));
    assert_eq!(
        String::from_utf8(text).unwrap(),
        sim.task(&id).unwrap().written(Channel::Stdout)
    );
    assert_eq!(filtered(&sim, &[&id], 0).await.len(), 14_001);
}

#[tokio::test(start_paused = true)]
async fn filtering_orders_the_streams_events_by_time_and_needs_every_stream() {
    let sim = Sim::new(3, Faults::none());
    let one = start(&sim, "1", "print --lines=100 --rate=10").await;
    let two = start(&sim, "2", "print --lines=100 --rate=10").await;
    seconds(300).await;
    let events = filtered(&sim, &[&one, &two], 0).await;
    assert_eq!(events.len(), 402);
    let times: Vec<u64> = events
        .iter()
        .map(|event| event["timestamp"].as_u64().unwrap())
        .collect();
    assert!(times.is_sorted());
    let ids: BTreeSet<&str> = events.iter().map(|event| event["eventId"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), events.len());
    let from = times[200];
    let rest = filtered(&sim, &[&one, &two], from).await;
    assert_eq!(rest.len(), times.iter().filter(|time| **time >= from).count());

    let missing = json!({ "logGroupName": "/deploy-runner", "logStreamNames": [stream(&one), stream("none")] });
    assert_eq!(
        refused(logs(&sim, "FilterLogEvents", missing).await),
        "ResourceNotFoundException"
    );
}

#[tokio::test(start_paused = true)]
async fn late_duplicate_and_reordered_events_are_all_there_and_late_ones_are_behind_a_readers_token() {
    let faults = Faults {
        late_event: 0.2,
        duplicate_event: 0.2,
        reordered_event: 0.2,
        ..Faults::none()
    };
    let sim = Sim::new(4, faults);
    let id = start(&sim, "key", "print --lines=600 --errors=0 --rate=10").await;
    let (mut token, mut tailed) = (None, BTreeSet::new());
    for _ in 0..300 {
        seconds(1).await;
        let Ok((200, page)) = page(&sim, &id, token.as_deref()).await else {
            continue;
        };
        tailed.extend(messages(&page));
        token = Some(page["nextForwardToken"].as_str().unwrap().to_owned());
    }
    let all = filtered(&sim, &[&id], 0).await;
    let different: BTreeSet<String> = all
        .iter()
        .map(|event| event["message"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(different.len(), 601);
    assert!(all.len() > 650, "duplicates: {}", all.len());
    assert!(
        tailed.len() < 601,
        "a reader that only goes forward misses what came late"
    );
}

#[tokio::test(start_paused = true)]
async fn an_empty_page_is_not_the_end_and_its_token_differs() {
    let sim = Sim::new(
        5,
        Faults {
            empty_page: 0.5,
            ..Faults::none()
        },
    );
    let id = start(&sim, "key", "print --lines=10").await;
    seconds(300).await;
    let (mut token, mut read, mut empty) = (None, 0, 0);
    loop {
        let page = good(page(&sim, &id, token.as_deref()).await);
        let next = Some(page["nextForwardToken"].as_str().unwrap().to_owned());
        if next == token {
            break;
        }
        let news = messages(&page).len();
        read += news;
        empty += usize::from(news == 0);
        token = next;
        if read == 21 && empty > 0 {
            break;
        }
    }
    assert_eq!(read, 21);
}

#[tokio::test(start_paused = true)]
async fn a_token_is_good_for_a_day() {
    let sim = Sim::new(6, Faults::none());
    let id = start(&sim, "key", "print --lines=10").await;
    seconds(300).await;
    let token = good(page(&sim, &id, None).await)["nextForwardToken"]
        .as_str()
        .unwrap()
        .to_owned();
    good(page(&sim, &id, Some(&token)).await);
    seconds(24 * 60 * 60).await;
    assert_eq!(
        refused(page(&sim, &id, Some(&token)).await),
        "InvalidParameterException"
    );
    assert_eq!(refused(page(&sim, &id, Some("f/x")).await), "InvalidParameterException");
}

#[tokio::test(start_paused = true)]
async fn a_lost_host_takes_with_it_what_was_not_sent_yet() {
    let sim = Sim::new(7, Faults::none());
    let id = start(&sim, "key", "lose-host --lines=100 --rate=10").await;
    seconds(300).await;
    let truth = sim.task(&id).unwrap();
    let lost = truth.lines.iter().filter(|line| line.readable.is_none()).count();
    assert!((1..=50).contains(&lost), "{lost}");
    assert_eq!(messages(&good(page(&sim, &id, None).await)).len(), 100 - lost);
    assert_eq!(truth.exit_code, None);
}

async fn filtered(sim: &Arc<Sim>, ids: &[&str], from: u64) -> Vec<Value> {
    let names: Vec<String> = ids.iter().map(|id| stream(id)).collect();
    let mut body = json!({ "logGroupName": "/deploy-runner", "logStreamNames": names, "startTime": from });
    let mut events = Vec::new();
    loop {
        let page = good(logs(sim, "FilterLogEvents", body.clone()).await);
        events.extend(page["events"].as_array().unwrap().iter().cloned());
        match page.get("nextToken") {
            Some(token) => body["nextToken"] = token.clone(),
            None => return events,
        }
    }
}
