//! Which unit a command is about, and whether its agent takes anything.

use super::super::charms;
use super::super::guest::Seat;
use super::super::timeline::{Draw, Millis};
use super::super::troubles::Ailment;
use super::status::View;
use super::store::Model;

/// Why no unit is meant.
pub enum Nobody {
    /// There is no such application.
    Application,
    /// Nobody leads it yet.
    Leader,
    /// There is no such unit.
    Unit,
}

/// The application and number of `app/N` or `app/leader`.
///
/// # Errors
/// No unit is meant.
pub fn find(model: &Model, unit: &str, draw: Draw, now: Millis) -> Result<(String, u32), Nobody> {
    let (application, number) = unit.split_once('/').unwrap_or((unit, ""));
    let of = model.applications.get(application).ok_or(Nobody::Application)?;
    let number = match number {
        "leader" => {
            let leader = charms::leader(model, application, draw).filter(|(_, since)| *since <= now);
            leader.map(|(number, _)| number).ok_or(Nobody::Leader)?
        }
        other => other.parse().ok().filter(|number| of.units.contains_key(number)).ok_or(Nobody::Unit)?,
    };
    Ok((application.to_owned(), number))
}

/// Whether the unit's agent answers.
pub fn answers(seat: &Seat<'_>, at: &(String, String), application: &str, number: u32) -> bool {
    let (now, model) = (seat.now(), super::model(seat, at));
    let phases = charms::phases(model, application, number, seat.draw());
    let agent = phases.iter().rfind(|phase| phase.at <= now).map_or("allocating", |phase| phase.agent);
    let unit = format!("{application}/{number}");
    let machine = model.applications[application].units[&number].machine;
    let ailment = View::of(seat, model).ailment(&unit, machine);
    agent != "allocating" && !matches!(ailment, Some(Ailment::Lost(_) | Ailment::Allocating))
}
