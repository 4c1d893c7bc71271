//! What a stay costs.

use std::sync::Arc;

use hotel_proto::stay::Stay;
use rate::{Inventory, Quote};
use tonic::{Request, Response, Status};

use super::proto::rate::{self as proto, RatePlan, RoomType, rate_server};
use crate::Failure;

pub(crate) struct Rate {
    inventory: Arc<Inventory>,
}

/// The service, ready to be served.
pub(crate) fn service() -> Result<rate_server::RateServer<Rate>, Failure> {
    let inventory = Arc::new(Inventory::embedded()?);
    Ok(rate_server::RateServer::new(Rate { inventory }))
}

#[tonic::async_trait]
impl rate_server::Rate for Rate {
    async fn get_rates(
        &self,
        request: Request<proto::Request>,
    ) -> Result<Response<proto::Result>, Status> {
        let request = request.into_inner();
        let stay = Stay::parse(&request.in_date, &request.out_date)?;
        let mut rate_plans = Vec::with_capacity(request.hotel_ids.len());
        self.inventory
            .each_quote(&request.hotel_ids, stay, |id, quote| {
                rate_plans.push(plan(id, &quote, &request));
            })?;
        Ok(Response::new(proto::Result { rate_plans }))
    }
}

fn plan(hotel_id: &str, quote: &Quote<'_>, request: &proto::Request) -> RatePlan {
    RatePlan {
        hotel_id: hotel_id.to_owned(),
        code: quote.code.to_owned(),
        in_date: request.in_date.clone(),
        out_date: request.out_date.clone(),
        room_type: Some(RoomType {
            bookable_rate: quote.nightly.units(),
            total_rate: quote.total.units(),
            total_rate_inclusive: quote.total_inclusive.units(),
            code: quote.room_code.to_owned(),
            currency: quote.currency.to_owned(),
            room_description: quote.room.to_owned(),
        }),
    }
}
